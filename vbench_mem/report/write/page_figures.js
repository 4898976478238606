// Figures tell what they show: marks have a tip with their numbers, a legend hides its series.

const REACH = 12; // pixels around a mark, within which it is meant

// Where the element is, in the units of the drawing; it stays true when the page is resized.
function boxOf(element, toDrawing) {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const start = new DOMPoint(left, top).matrixTransform(toDrawing);
  const end = new DOMPoint(right, bottom).matrixTransform(toDrawing);
  return { left: start.x, top: start.y, right: end.x, bottom: end.y };
}

function distance(box, x, y) {
  const aside = Math.max(box.left - x, x - box.right, 0);
  const above = Math.max(box.top - y, y - box.bottom, 0);
  return Math.hypot(aside, above);
}

const middle = (box) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];

class Plot {
  constructor(holder, { names, tracks, legend }) {
    this.holder = holder;
    this.svg = holder.querySelector("svg");
    this.names = names;
    this.hidden = new Set();
    this.tracks = tracks
      .map(([id, series, marks]) => ({ group: document.getElementById(id), series, marks }))
      .filter((track) => track.group);
    this.current = null; // the mark that is told, with the ring around it
    this.ring = document.createElementNS(this.svg.namespaceURI, "rect");
    this.ring.classList.add("ring", "off");
    this.addLegend(legend);
    this.addMarks();
    this.addNumbers();
  }

  // Marks with their boxes, found out when they are first asked for.
  get marks() {
    if (!this.found) {
      const toDrawing = this.svg.getScreenCTM().inverse();
      this.found = this.tracks.flatMap((track) => {
        const uses = track.group.querySelectorAll("use");
        return track.marks.map((told, number) => {
          const element = uses.length ? uses[number] : track.group;
          return element && { told, track, box: boxOf(element, toDrawing) };
        });
      }).filter(Boolean);
    }
    return this.found.filter(({ track }) => !track.group.classList.contains("off"));
  }

  nearest(event) {
    const matrix = this.svg.getScreenCTM();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const reach = REACH / matrix.a;
    let best = null;
    for (const mark of this.marks) {
      const away = distance(mark.box, x, y);
      if (away > reach) continue;
      const [h, v] = middle(mark.box);
      const rank = away * 1000 + Math.hypot(h - x, v - y);
      if (!best || rank < best.rank) best = { mark, rank };
    }
    return best?.mark ?? null;
  }

  addMarks() {
    if (!this.tracks.some((track) => track.marks.length)) return;
    const { svg } = this;
    svg.append(this.ring);
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("aria-description", "Arrow keys go from mark to mark, Enter keeps its numbers.");
    svg.addEventListener("pointermove", (event) => {
      if (tip.pinned) return;
      const mark = this.nearest(event);
      if (mark !== this.current || tip.box.hidden) this.point(mark);
      svg.style.cursor = mark || event.target.closest("[role=button]") ? "pointer" : "";
    });
    svg.addEventListener("pointerleave", () => { if (!tip.pinned) this.point(null); });
    svg.addEventListener("click", (event) => {
      const mark = !event.target.closest("[role=button]") && this.nearest(event);
      if (mark) this.point(mark, true);
    });
    svg.addEventListener("keydown", (event) => this.walk(event));
    svg.addEventListener("blur", () => { if (!tip.pinned) this.point(null); });
  }

  // Left and right: from mark to mark; up and down: from series to series.
  walk(event) {
    if (event.target !== this.svg) return;
    const { marks } = this;
    const at = marks.indexOf(this.current);
    if (event.key === "Enter" && at >= 0) {
      this.point(this.current, true);
      tip.box.querySelector("a")?.focus();
    } else if (event.key in STEPS && marks.length) {
      const [aside, along] = STEPS[event.key];
      let next = at < 0 ? 0 : at + aside + along;
      if (along && at >= 0) {
        while (marks[next]?.track === marks[at].track) next += along;
      }
      this.point(marks[(next + marks.length) % marks.length]);
      this.show(this.current);
      voice.textContent = this.text(this.current);
    } else return;
    event.preventDefault();
  }

  facts({ told }) {
    const facts = [];
    for (let at = 3; at < told.length; at += 2) facts.push([this.names[told[at]], told[at + 1]]);
    return facts;
  }

  text(mark) {
    return [mark.told[0], ...this.facts(mark).map(([name, text]) => `${name} ${text}`)].join(", ");
  }

  onScreen(box) {
    const matrix = this.svg.getScreenCTM();
    const start = new DOMPoint(box.left, box.top).matrixTransform(matrix);
    const end = new DOMPoint(box.right, box.bottom).matrixTransform(matrix);
    return { left: start.x, top: start.y, right: end.x, bottom: end.y };
  }

  // A mark that is walked to may lie outside the part of the figure that is seen.
  show(mark) {
    const place = this.onScreen(mark.box);
    const seen = this.holder.getBoundingClientRect();
    if (place.left < seen.left || place.right > seen.right) {
      this.holder.scrollLeft += (place.left + place.right - seen.left - seen.right) / 2;
    }
    if (place.top < 0 || place.bottom > innerHeight) scrollBy(0, place.top - innerHeight / 2);
    requestAnimationFrame(() => { if (this.current === mark) this.point(mark); });
  }

  point(mark, pinned = false) {
    this.ring.classList.toggle("off", !mark);
    this.current = mark;
    if (!mark) {
      if (tip.owner === this) tip.hide();
      return;
    }
    const { left, top, right, bottom } = mark.box;
    const ring = { x: left - 2, y: top - 2, width: right - left + 4, height: bottom - top + 4, rx: 3 };
    for (const [name, value] of Object.entries(ring)) this.ring.setAttribute(name, value);
    tip.show(this, this.onScreen(mark.box), this.content(mark), {
      pinned,
      onHide: (held) => {
        this.ring.classList.add("off");
        if (held) this.svg.focus({ preventScroll: true });
      },
    });
  }

  content(mark) {
    const [label, link, id] = mark.told;
    const facts = this.facts(mark).flatMap(([name, text]) => [
      make("dt", { textContent: name }), make("dd", { textContent: text }),
    ]);
    const parts = [make("strong", { textContent: label }), make("dl", {}, ...facts)];
    if (link) parts.push(make("a", { href: link, textContent: `record ${id ?? ""}`.trim() }));
    else if (id) parts.push(make("span", { className: "soft", textContent: `record ${id}` }));
    return parts;
  }

  // One entry may be several groups (its marker and its name); the last of them is the button.
  addLegend(legend) {
    const known = new Set(this.tracks.flatMap((track) => track.series));
    const entries = new Map();
    for (const [id, series] of legend) {
      const group = document.getElementById(id);
      if (group && known.has(series)) entries.set(series, [...(entries.get(series) ?? []), group]);
    }
    this.buttons = [...entries].map(([series, groups]) => {
      const button = groups[groups.length - 1];
      button.setAttribute("role", "button");
      button.setAttribute("aria-label", `Series ${series}`);
      button.setAttribute("aria-pressed", "true");
      button.setAttribute("tabindex", "-1");
      for (const group of groups) {
        group.style.cursor = "pointer";
        group.setAttribute("pointer-events", "bounding-box");
        group.addEventListener("click", () => this.toggle(series, groups, button));
      }
      button.addEventListener("keydown", (event) => this.press(event, series, groups, button));
      return button;
    });
    if (entries.size) this.svg.setAttribute("role", "group"); // an image could not hold buttons
    this.buttons[0]?.setAttribute("tabindex", "0");
  }

  press(event, series, groups, button) {
    if (event.key === "Enter" || event.key === " ") this.toggle(series, groups, button);
    else if (event.key in STEPS) {
      const [aside, along] = STEPS[event.key];
      const count = this.buttons.length;
      const next = this.buttons[(this.buttons.indexOf(button) + aside + along + count) % count];
      button.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    } else return;
    event.preventDefault();
  }

  toggle(series, groups, button) {
    if (!this.hidden.delete(series)) this.hidden.add(series);
    const off = this.hidden.has(series);
    button.setAttribute("aria-pressed", String(!off));
    for (const group of groups) group.classList.toggle("dim", off);
    this.marks; // boxes are found out while all is seen
    for (const { group, series: some } of this.tracks) {
      group.classList.toggle("off", some.some((name) => this.hidden.has(name)));
    }
    this.point(null);
  }

  addNumbers() {
    if (!this.tracks.some((track) => track.marks.length)) return;
    const fold = make("details", { className: "numbers" },
      make("summary", { textContent: "The numbers of this figure" }));
    fold.addEventListener("toggle", () => {
      if (fold.open && fold.children.length === 1) fold.append(this.table());
    });
    this.holder.parentElement.append(fold);
  }

  table() {
    const cell = (tag, textContent, scope) => make(tag, scope ? { textContent, scope } : { textContent });
    const head = ["mark", ...this.names].map((name) => cell("th", name, "col"));
    const rows = new Map();
    for (const { marks } of this.tracks) {
      for (const told of marks) {
        const facts = new Map(this.facts({ told }));
        const row = make("tr", {}, cell("th", told[0], "row"),
          ...this.names.map((name) => cell("td", facts.get(name) ?? "–")));
        rows.set(JSON.stringify(told), row);
      }
    }
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...head)),
      make("tbody", {}, ...rows.values()));
    table.setAttribute("aria-label", this.holder.parentElement.querySelector("[id$=title]").textContent);
    return make("div", { className: "wide", tabIndex: 0 }, table);
  }
}

const figures = JSON.parse(document.getElementById("figures_").textContent);
for (const holder of document.querySelectorAll("[data-figure]")) {
  new Plot(holder, figures[holder.dataset.figure]);
}
