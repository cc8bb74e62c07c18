/* The report's own behaviour: sorting and filtering the table, what flags mean, one study at a time.
 *
 * Without it the page is a plain table with links.
 */
"use strict";
(function () {
  let limit = 0;
  const numbers = new Intl.Collator("en", { numeric: true });

  function valueOf(row, column) {
    return row.cells[column].textContent.trim();
  }

  /** A number as the table writes it; none for a dash. */
  function numberOf(text) {
    const value = Number(text.replaceAll(",", "").replace("\u2212", "-"));
    return text === "" || Number.isNaN(value) ? null : value;
  }

  /** Errors weigh more than any number of warnings, these more than any of what informs. */
  function severity(row) {
    return 1e6 * row.querySelectorAll(".flag.error").length
      + 1e3 * row.querySelectorAll(".flag.warning").length + row.dataset.flags.split(" ").length;
  }

  function keyOf(kind, row, column) {
    if (kind === "flags") return severity(row);
    return kind === "number" ? numberOf(valueOf(row, column)) : valueOf(row, column);
  }

  /** Sort by a column; rows without a value stay last either way. */
  function sort(table, head) {
    const down = head.getAttribute("aria-sort") === "ascending";
    const { kind } = head.dataset;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => [keyOf(kind, row, head.cellIndex), row]);
    const there = keyed.filter(([key]) => key !== null);
    const order = kind ? (a, b) => a[0] - b[0] : (a, b) => numbers.compare(a[0], b[0]);
    there.sort(down ? (a, b) => order(b, a) : order);
    const absent = keyed.filter(([key]) => key === null);
    const sorted = document.createDocumentFragment();
    sorted.append(...[...there, ...absent].map(([, row]) => row));
    body.append(sorted);
    restrict(table, Number(table.dataset.limit));
  }

  /** Lay out only so many of the rows that pass the filter; a long table opens at once. */
  function restrict(table, most) {
    limit = most;
    let count = 0;
    for (const row of table.tBodies[0].rows) {
      if (!row.hidden) count += 1;
      row.classList.toggle("late", count > most);
    }
    document.getElementById("more").hidden = count <= most;
  }

  /** Show more rows when the end of those shown comes near, or when asked. */
  function extensible(table) {
    const button = document.getElementById("more");
    const extend = () => restrict(table, 2 * limit);
    button.addEventListener("click", extend);
    const options = { root: button.parentElement, rootMargin: "400px" };
    new IntersectionObserver(([end]) => { if (end.isIntersecting) extend(); }, options)
      .observe(button);
  }

  function sortable(table) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, head));
    }
  }

  function filterable(table) {
    const [find, flag, status, shown] = ["find", "by-flag", "by-status", "shown"]
      .map((id) => document.getElementById(id));
    const rows = [...table.tBodies[0].rows].filter((row) => row.dataset.flags !== undefined);
    const texts = new Map();
    const textOf = (row) => {
      if (!texts.has(row)) {
        const parts = [row.textContent, row.dataset.flags, row.cells[0].firstChild.title];
        texts.set(row, parts.join(" ").toLowerCase());
      }
      return texts.get(row);
    };
    const apply = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const on = words.every((word) => textOf(row).includes(word))
          && (!flag.value || row.dataset.flags.split(" ").includes(flag.value))
          && (!status.value || row.dataset.status === status.value);
        row.hidden = !on;
        count += on;
      }
      restrict(table, Number(table.dataset.limit));
      const all = `${rows.length} ${rows.length === 1 ? "study" : "studies"}`;
      shown.value = count === rows.length ? all : `${count} of ${all}`;
    };
    find.addEventListener("input", apply);
    for (const one of [flag, status]) one.addEventListener("change", apply);
    document.querySelector(".tools").hidden = false;
    apply();
  }

  /** Say what a flag means beside it, while the pointer or the focus is on it. */
  function explain() {
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.id = "tip";
    tip.setAttribute("role", "tooltip");
    tip.hidden = true;
    document.body.append(tip);
    const hide = () => { tip.hidden = true; };
    const show = (event) => {
      const flag = event.target.closest("a.flag");
      const row = flag && document.getElementById(flag.getAttribute("href").slice(1));
      if (!row) return hide();
      tip.replaceChildren(
        Object.assign(document.createElement("strong"), { textContent: flag.textContent }),
        Object.assign(document.createElement("p"), {
          textContent: row.querySelector(".sentence").textContent,
        }),
        Object.assign(document.createElement("p"), {
          textContent: row.querySelector(".action").textContent,
        }),
      );
      tip.hidden = false;
      flag.setAttribute("aria-describedby", "tip");
      const at = flag.getBoundingClientRect();
      const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
      const below = at.bottom + tip.offsetHeight + 8 < window.innerHeight;
      tip.style.left = `${Math.max(8, Math.min(at.left, room))}px`;
      tip.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - tip.offsetHeight - 6)}px`;
      return undefined;
    };
    document.addEventListener("mouseover", show);
    document.addEventListener("focusin", show);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
    document.addEventListener("scroll", hide, true);
  }

  function startViewers(inside) {
    for (const host of inside.querySelectorAll(".viewer")) window.quantViewer.start(host);
  }

  /** In a single file, show the table or the study that the address names. */
  function route() {
    const studies = [...document.querySelectorAll("section.study")];
    const index = document.getElementById("index");
    const apply = () => {
      const id = decodeURIComponent(location.hash.slice(1));
      const chosen = studies.find((one) => one.id === id);
      for (const one of studies) one.hidden = one !== chosen;
      index.hidden = Boolean(chosen);
      if (!chosen) return document.getElementById(id)?.scrollIntoView();
      window.scrollTo(0, 0);
      startViewers(chosen);
      return undefined;
    };
    window.addEventListener("hashchange", apply);
    window.addEventListener("beforeprint", () => {
      if (!index.hidden) for (const one of studies) one.hidden = false;
    });
    window.addEventListener("afterprint", apply);
    apply();
  }

  const table = document.getElementById("studies");
  if (table) {
    sortable(table);
    filterable(table);
    extensible(table);
    explain();
    route();
  } else {
    startViewers(document);
  }
})();
