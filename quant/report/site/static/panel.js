/* Controls of the viewer: made here, wired to the functions that the viewer hands over. */
"use strict";
(function () {
  const VIEWS = { all: "All", axial: "Axial", coronal: "Coronal", sagittal: "Sagittal", solid: "3D" };
  const MAPS = ["inferno", "viridis", "cividis", "hot", "gray"];
  const KEYS =
    "Click or touch to place the crosshair. After a click, scroll over a slice to leaf through, " +
    "with Ctrl to zoom; drag with the right button to move the picture; Home shows all of it. " +
    "With the picture in focus, the left and right arrow keys move to the patient's right and " +
    "left, up and down to head and feet, Page Up and Page Down to front and back; Shift makes " +
    "ten steps of one.";

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) made.setAttribute(key, "");
      else if (value !== false && value !== null) made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  /** Four significant digits, as in the tables. */
  function shown(value) {
    if (!Number.isFinite(value)) return "\u2013";
    return Math.abs(value) >= 10000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
  }

  function views(id, change) {
    const group = element("fieldset", { class: "views" },
      element("legend", { class: "unseen" }, "View"));
    for (const [view, words] of Object.entries(VIEWS)) {
      const radio = element("input", {
        type: "radio", name: `${id}-view`, value: view, checked: view === "all",
      });
      radio.addEventListener("change", () => change(view));
      group.append(element("label", {}, radio, element("span", {}, words)));
    }
    return group;
  }

  function menu(name, words, options, change) {
    const select = element("select", { name });
    options.forEach((option, n) => select.append(element("option", { value: n }, option)));
    select.addEventListener("change", () => change(Number(select.value)));
    return element("label", { class: "field" }, element("span", {}, words), select);
  }

  /** A slider; ``change`` takes its value and is called at most once a frame, ``say`` words it. */
  function slider({ name, words, range, value, say, change }) {
    const [min, max, step] = range;
    const input = element("input", { type: "range", name, min, max, step, value });
    const output = element("output", {}, say(value));
    let waiting = false;
    input.addEventListener("input", () => {
      output.value = say(Number(input.value));
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        change(Number(input.value));
      });
    });
    return element("label", { class: "field" }, element("span", {}, words, " ", output), input);
  }

  function tick(name, words, change) {
    const box = element("input", { type: "checkbox", name, checked: true });
    box.addEventListener("change", () => change(box.checked));
    return element("label", { class: "field box" }, box, element("span", {}, words));
  }

  function legend(shapes) {
    const list = element("ul", { class: "legend" });
    for (const one of shapes) {
      const sign = element("span", { class: `sign ${one.kind}` });
      sign.style.setProperty("--sign", one.colour);
      list.append(element("li", {}, sign, one.name));
    }
    return list;
  }

  /** A strip of the colour map between the values at its ends. */
  function scale(table, low, high, unit) {
    const strip = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
    const pen = strip.getContext("2d");
    const pixels = pen.createImageData(256, 1);
    for (let n = 0; n < 256; n += 1) {
      for (let c = 0; c < 3; c += 1) pixels.data[4 * n + c] = table[4 * n + c];
      pixels.data[4 * n + 3] = 255;
    }
    pen.putImageData(pixels, 0, 0);
    return [element("span", {}, shown(low)), strip, element("span", {}, shown(high)),
      element("span", { class: "unit" }, unit)];
  }

  window.quantPanel = { KEYS, MAPS, element, legend, menu, scale, shown, slider, tick, views };
})();
