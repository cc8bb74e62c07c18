/* The interactive viewer of one study: emission over CT, outlines, spheres, crosshair.
 *
 * Draws with NiiVue (vendor/). What it shows are display copies, coarser than what was measured.
 * Places are LPS mm (DICOM); slices are seen as radiologists do, from the feet and from the front:
 * the patient's right is on the left of the picture.
 */
"use strict";
(function () {
  const { KEYS, MAPS, element, legend, menu, scale, shown, slider, tick, views } = window.quantPanel;
  const { ball, bytesOf, cut, indexOf, surfaceOfStl, surfaceOfWeights, turned, unpacked } =
    window.quantShapes;
  const SLICES = { axial: 0, coronal: 1, sagittal: 2, all: 3, solid: 4 };
  const SIDES = {
    0: { left: "R", right: "L", top: "A", bottom: "P" },
    1: { left: "R", right: "L", top: "H", bottom: "F" },
    2: { left: "A", right: "P", top: "H", bottom: "F" },
  };
  const AXES = { 0: [0, 1], 1: [0, 2], 2: [1, 2] };
  const DEPTH = { 0: 2, 1: 1, 2: 0 };
  const RIMS = { sphere: "rgba(255, 255, 255, 0.7)" };
  const OPACITY = { organ: 0.25 };
  const STEPS = 1000;
  const TOWARDS = { 0: [0, 0, -1], 1: [0, 1, 0], 2: [1, 0, 0] };
  const NOTCH = 50;
  const LINE = 33;
  const LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
  const LONGEST = 0.3;
  const FIRST_FADE = 0.25;
  const FADING = 2;
  const OPTIONS = {
    backColor: [0, 0, 0, 1],
    crosshairColor: [0.35, 0.85, 1, 0.9],
    crosshairWidth: 1,
    crosshairWidthUnit: "mm",
    crosshairGap: 12,
    isRadiologicalConvention: true,
    sagittalNoseLeft: true,
    isSliceMM: true,
    isOrientationTextVisible: false,
    isOrientCube: true,
    multiplanarShowRender: 1,
    multiplanarLayout: 2,
    multiplanarPadPixels: 4,
    meshThicknessOn2D: 0,
    dragMode: 3,
    meshXRay: 0.2,
    isColorbar: false,
    showLegend: false,
    dragAndDropEnabled: false,
    viewModeHotKey: "",
    clipPlaneHotKey: "",
    cycleClipPlaneHotKey: "",
    scrollRequiresFocus: true,
    loadingText: "",
    logLevel: "silent",
  };

  function rgb(hex) {
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  }

  class Viewer {
    constructor(host, study) {
      this.host = host;
      this.study = study;
      const { emission } = study;
      this.top = Math.max(emission.largest, emission.window[1]) || 1;
      this.window = [FIRST_FADE * emission.window[1], emission.window[1]];
      this.unit = emission.unit === "relative" ? "relative units" : emission.unit;
      this.map = MAPS[0];
      this.outlined = true;
    }

    async start() {
      await this.shape();
      this.build();
      this.nv = new niivue.Niivue(OPTIONS);
      this.nv.onLocationChange = (where) => this.tell(where);
      this.nv.drawScene = () => {};
      await this.nv.attachToCanvas(this.canvas, true);
      await this.load();
      delete this.nv.drawScene;
      this.follow();
      this.goTo(this.study.places[0].at);
      this.host.dataset.state = "ready";
    }

    /** Make the surfaces whose cuts are the outlines, and which stand in the 3D view. */
    async shape() {
      const { study } = this;
      this.shapes = [];
      const all = study.regions.length ? await unpacked(study.weights) : null;
      let from = 0;
      for (const one of study.regions) {
        const size = one.shape.reduce((a, b) => a * b, 1);
        const weights = all.subarray(from, from + size);
        from += size;
        const surface = surfaceOfWeights(weights, one.shape, one.corner, study.affine);
        const solid = one.primary && study.mesh ? surfaceOfStl(study.mesh) : surface;
        this.shapes.push({ ...one, weights, surface, solid });
      }
      for (const one of study.spheres) {
        const surface = ball(one.centre, one.radius);
        this.shapes.push({ ...one, surface, solid: surface });
      }
    }

    async load() {
      const { nv, study } = this;
      const images = [];
      if (study.ct) images.push(await this.image(study.ct, "ct.nii.gz", "gray", study.ct.window));
      this.emissionAt = images.length;
      images.push(await this.image(study.emission, "emission.nii.gz", this.map, this.window));
      images[this.emissionAt].opacity = study.ct ? this.opacity : 1;
      images[this.emissionAt].colormapType = FADING;
      nv.opts.sliceType = SLICES.all;
      nv.drawImage3D = () => {};
      nv.updateGLVolume = () => {};
      for (const image of images) nv.addVolume(image);
      for (const one of this.shapes) {
        const { points, triangles } = one.solid;
        const rgba = new Uint8Array([...rgb(one.colour), 255]);
        if (triangles.length) {
          nv.addMesh(new niivue.NVMesh(
            points, triangles, one.name, rgba, OPACITY[one.kind] || 1, true, nv.gl));
        }
      }
      delete nv.updateGLVolume;
      nv.scene.renderAzimuth = 190;
      nv.scene.renderElevation = 12;
      nv.scene.volScaleMultiplier = 1.5;
      nv.updateGLVolume();
      this.showScale();
    }

    image(one, name, colormap, [low, high]) {
      return niivue.NVImage.loadFromUrl({
        url: bytesOf(one.data), name, colormap, cal_min: low, cal_max: high, colorbarVisible: false,
      });
    }

    build() {
      const { study, host } = this;
      this.canvas = element("canvas", {
        tabindex: "0",
        role: "application",
        "aria-label": "Slices of the study, with a crosshair that the arrow keys move",
        "aria-describedby": `${host.id}-keys`,
      });
      this.lines = element("canvas", { class: "lines", "aria-hidden": "true" });
      this.sides = element("div", { class: "sides", "aria-hidden": "true" });
      this.stage = element("div", { class: "stage" }, this.canvas, this.lines, this.sides);
      const [x, y, z] = study.emission.high.map((one, n) => one - study.emission.low[n]);
      this.stage.style.aspectRatio = `${x + y} / ${y + z}`;
      this.colours = element("div", { class: "scale" });
      this.place = element("output", { class: "place" });
      const bar = element("div", { class: "controls" }, views(host.id, (view) => this.show(view)),
        menu("place", "Go to", study.places.map((one) => one.name),
          (n) => this.goTo(study.places[n].at)));
      if (study.ct) bar.append(this.opacitySlider());
      bar.append(this.windowSlider(0, "Fade below"), this.windowSlider(1, "Colours up to"),
        menu("map", "Colour map", MAPS, (n) => this.showMap(MAPS[n])),
        tick("outlines", "Outlines", (on) => {
          this.outlined = on;
          this.outline();
        }));
      const keys = element("p", { class: "note", id: `${host.id}-keys` }, KEYS);
      host.replaceChildren(bar, this.stage, this.colours, this.place, legend(this.shapes), keys);
      this.stage.addEventListener("keydown", (event) => this.key(event), true);
      this.stage.addEventListener("wheel", (event) => this.wheel(event), { capture: true });
      host.dataset.state = "starting";
    }

    opacitySlider() {
      this.opacity = 0.6;
      return slider({
        name: "opacity", words: "Emission over CT", range: [0, 1, 0.01], value: this.opacity,
        say: (value) => `${Math.round(value * 100)}\u202f%`,
        change: (value) => this.nv.setOpacity(this.emissionAt, value),
      });
    }

    windowSlider(end, words) {
      return slider({
        name: end ? "window-top" : "window-fade", words, range: [0, STEPS, 1],
        value: Math.round((this.window[end] / this.top) * STEPS),
        say: (value) => shown((value / STEPS) * this.top),
        change: (value) => {
          this.window[end] = (value / STEPS) * this.top;
          this.showWindow();
        },
      });
    }

    show(view) {
      this.nv.setSliceType(SLICES[view]);
      this.nv.drawScene();
    }

    showMap(map) {
      this.map = map;
      this.nv.setColormap(this.nv.volumes[this.emissionAt].id, map);
      this.showScale();
    }

    showWindow() {
      const image = this.nv.volumes[this.emissionAt];
      image.cal_max = Math.max(this.window[1], this.top / STEPS);
      image.cal_min = Math.min(this.window[0], image.cal_max * (1 - 1 / STEPS));
      this.nv.updateGLVolume();
      this.showScale();
    }

    showScale() {
      const image = this.nv.volumes[this.emissionAt];
      const table = this.nv.colormap(this.map);
      this.colours.replaceChildren(...scale(table, 0, image.cal_max, this.unit));
    }

    goTo(at) {
      this.nv.scene.crosshairPos = this.nv.mm2frac(turned(at));
      this.nv.drawScene();
      this.nv.createOnLocationChange();
    }

    key(event) {
      if (event.key === "Tab" || event.ctrlKey || event.metaKey || event.altKey) return;
      event.stopPropagation();
      const move = {
        ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, 0, 1], ArrowDown: [0, 0, -1],
        PageUp: [0, -1, 0], PageDown: [0, 1, 0],
      }[event.key];
      if (!move && event.key !== "Home") return;
      event.preventDefault();
      if (move) this.step(move, event.shiftKey ? 10 : 1);
      else this.whole();
    }

    /** Move the crosshair by voxels, within the emission volume. */
    step(move, count) {
      const { spacing, low, high } = this.study.emission;
      this.goTo(this.at.map((one, n) =>
        Math.min(high[n], Math.max(low[n], one + move[n] * spacing * count))));
    }

    /** Show the whole field again. */
    whole() {
      this.nv.scene.pan2Dxyzmm = [0, 0, 0, 1];
      this.nv.drawScene();
    }

    /** Leaf through the slice under the pointer; zoom with Ctrl; scroll the page without focus. */
    wheel(event) {
      if (document.activeElement !== this.canvas) {
        event.stopPropagation();
        return;
      }
      const tile = [...this.sides.children].find((one) => {
        const box = one.getBoundingClientRect();
        return event.clientX >= box.left && event.clientX < box.right
          && event.clientY >= box.top && event.clientY < box.bottom;
      });
      if (!tile || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.rolled = (this.rolled || 0) + event.deltaY * (event.deltaMode ? LINE : 1);
      if (Math.abs(this.rolled) < NOTCH) return;
      const sign = Math.sign(this.rolled);
      this.rolled = 0;
      this.step(TOWARDS[tile.dataset.plane].map((one) => one * sign), 1);
    }

    /** Say where the crosshair is and what the display copies hold there. */
    tell(where) {
      this.at = turned(Array.from(where.mm));
      const mm = this.at.map((one) => one.toFixed(1).replace("-0.0", "0.0"));
      const parts = [
        ["Place, LPS", `x ${mm[0]}, y ${mm[1]}, z ${mm[2]} mm`],
        ["Emission, display copy", `${shown(where.values[this.emissionAt].value)} ${this.unit}`],
      ];
      if (this.study.ct) {
        const [low, high] = this.study.ct.window;
        const hu = Math.round(where.values[0].value);
        const sign = hu <= low ? "\u2264\u2009" : hu >= high ? "\u2265\u2009" : "";
        parts.push(["CT, display copy", `${sign}${hu} HU`]);
      }
      const here = this.shapes.filter((one) => this.holds(one)).map((one) => one.name);
      parts.push(["Inside", here.join(", ") || "\u2013"]);
      this.place.replaceChildren(...parts.map(([word, text]) =>
        element("span", {}, element("b", {}, word), " ", text)));
    }

    /** Tell whether the crosshair is in a shape: within the ball, or a voxel at least half inside. */
    holds(one) {
      if (one.kind === "sphere") {
        return Math.hypot(...this.at.map((x, n) => x - one.centre[n])) <= one.radius;
      }
      const index = indexOf(this.study.affine, this.at).map((x, n) => Math.round(x) - one.corner[n]);
      if (index.some((x, n) => x < 0 || x >= one.shape[n])) return false;
      return one.weights[(index[0] * one.shape[1] + index[1]) * one.shape[2] + index[2]] > 127;
    }

    /** After each drawing of the slices, draw what lies on them. */
    follow() {
      const draw = this.nv.drawScene.bind(this.nv);
      this.nv.drawScene = () => {
        draw();
        if (!this.waiting) {
          this.waiting = requestAnimationFrame(() => {
            this.waiting = 0;
            this.outline();
            this.mark();
          });
        }
      };
    }

    /** Draw where the planes of the slices cut the surfaces. */
    outline() {
      const { canvas, lines, nv } = this;
      [lines.width, lines.height] = [canvas.width, canvas.height];
      const pen = lines.getContext("2d");
      if (!this.outlined) return;
      const ratio = canvas.width / Math.max(1, canvas.clientWidth);
      for (const slice of nv.screenSlices) {
        if (!AXES[slice.axCorSag]) continue;
        pen.save();
        pen.beginPath();
        pen.rect(...slice.leftTopWidthHeight);
        pen.clip();
        const [normal, distance] = this.plane(slice);
        for (const one of this.shapes) {
          this.draw(pen, slice, cut(one.surface, normal, distance), one, ratio);
        }
        pen.restore();
      }
    }

    /** The plane of a slice, RAS mm; of an oblique volume it is oblique, too. */
    plane(slice) {
      const corner = (u, v) => {
        const [across, up] = AXES[slice.axCorSag];
        const at = [0, 0, 0];
        [at[across], at[up], at[DEPTH[slice.axCorSag]]] = [u, v, slice.sliceFrac];
        return Array.from(this.nv.frac2mm(at)).slice(0, 3);
      };
      const origin = corner(0, 0);
      const [a, b] = [corner(1, 0), corner(0, 1)].map((p) => p.map((x, n) => x - origin[n]));
      const normal = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
      const length = Math.hypot(...normal);
      const unit = normal.map((x) => x / length);
      return [unit, unit.reduce((sum, x, n) => sum + x * origin[n], 0)];
    }

    draw(pen, slice, ends, { colour, kind }, ratio) {
      const [left, top, width, height] = slice.leftTopWidthHeight;
      const [across, up] = AXES[slice.axCorSag];
      pen.beginPath();
      ends.forEach((point, n) => {
        const x = left + ((point[across] - slice.leftTopMM[0]) / slice.fovMM[0]) * width;
        const y = top + height - ((point[up] - slice.leftTopMM[1]) / slice.fovMM[1]) * height;
        if (n % 2) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      });
      pen.lineCap = "round";
      pen.strokeStyle = RIMS[kind] || "rgba(0, 0, 0, 0.55)";
      pen.lineWidth = 3.5 * ratio;
      pen.stroke();
      pen.strokeStyle = colour;
      pen.lineWidth = 1.7 * ratio;
      pen.stroke();
    }

    /** Write the sides of the patient at the edges of every slice, and a bar of a round length. */
    mark() {
      const ratio = this.canvas.width / Math.max(1, this.canvas.clientWidth);
      const tiles = [];
      for (const slice of this.nv.screenSlices) {
        const words = SIDES[slice.axCorSag];
        if (!words) continue;
        const [left, top, width, height] = slice.leftTopWidthHeight.map((one) => one / ratio);
        const tile = element("div", { class: "tile", "data-plane": slice.axCorSag });
        Object.assign(tile.style, {
          left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`,
        });
        for (const [side, letter] of Object.entries(words)) {
          tile.append(element("span", { class: side }, letter));
        }
        const pixels = width / Math.abs(slice.fovMM[0]);
        const fitting = LENGTHS.filter((one) => one * pixels <= LONGEST * width);
        const length = fitting.length ? fitting[fitting.length - 1] : LENGTHS[0];
        const bar = element("div", { class: "bar" }, `${length}\u202fmm`);
        bar.style.width = `${length * pixels}px`;
        tile.append(bar);
        tiles.push(tile);
      }
      this.sides.replaceChildren(...tiles);
    }
  }

  function say(host, words) {
    host.dataset.state = "absent";
    host.replaceChildren(element("p", { class: "note" }, words));
  }

  function script(source) {
    return new Promise((done, failed) => {
      const made = element("script", { src: source });
      made.addEventListener("load", done);
      made.addEventListener("error", () => failed(new Error(`${source} cannot be read`)));
      document.head.append(made);
    });
  }

  async function studyOf({ study, source }) {
    const inside = document.getElementById(`data-${study}`);
    if (inside) return JSON.parse(inside.textContent);
    await script(source);
    return window.quantStudies[study];
  }

  function hasWebGL2() {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  }

  /** Start the viewer in its place, once; say why where it cannot be. */
  async function start(host) {
    if (host.dataset.state) return;
    host.dataset.state = "loading";
    if (!hasWebGL2()) {
      say(host, "This browser has no WebGL2: the sheet of pictures stands for the viewer.");
      return;
    }
    try {
      if (typeof niivue === "undefined") await script(host.dataset.engine);
      host.viewer = new Viewer(host, await studyOf(host.dataset));
      await host.viewer.start();
    } catch (error) {
      say(host, `The viewer cannot be shown (${error.message}). No number depends on it.`);
    }
  }

  window.quantViewer = { start };
})();
