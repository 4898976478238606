"use strict";
// Tooltips, sorting and filtering. Without them the whole page can still be read.

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// A browser shows a title to a mouse alone; the tooltip is for touch and keyboard too.
const tip = make("div", { className: "tip", id: "tip_", role: "tooltip", hidden: true });
document.body.append(tip);
for (const element of document.querySelectorAll("main [title]")) {
  element.dataset.tip = element.title;
  element.removeAttribute("title");
  element.setAttribute("aria-description", element.dataset.tip);
}

function showTip(event) {
  const owner = event.target.closest("[data-tip]");
  tip.hidden = !owner;
  if (!owner) return;
  tip.textContent = owner.dataset.tip;
  const place = owner.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min((place.left + place.right - width) / 2, innerWidth - width - 6);
  const above = place.top - height - 8;
  tip.style.left = `${Math.max(6, left)}px`;
  tip.style.top = `${above > 4 ? above : Math.min(place.bottom + 8, innerHeight - height - 6)}px`;
}
for (const name of ["pointerover", "focusin", "click"]) document.addEventListener(name, showTip);
document.addEventListener("keydown", (event) => { tip.hidden ||= event.key === "Escape"; });
document.addEventListener("scroll", () => { tip.hidden = true; }, true);

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

// A number, a text, or null for a missing value.
function sortKey(row, column) {
  const value = (row.dataset.v ?? "").split(",")[column];
  const cell = row.cells[column];
  return value ? Number(value) : cell.classList.contains("x") ? null : cell.textContent;
}

// Numbers before texts; missing values last in both directions.
function sorted(rows, column, direction) {
  const compare = ([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a !== typeof b) return direction * (typeof a === "number" ? -1 : 1);
    return direction * (typeof a === "number" ? a - b : collator.compare(a, b));
  };
  return rows.map((row) => [sortKey(row, column), row]).sort(compare).map(([, row]) => row);
}

// Clicks on a heading: ascending, descending, original order.
function addSorting(table, bodies) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      for (const other of heads) other.removeAttribute("aria-sort");
      const next = before === null ? "ascending" : before === "ascending" ? "descending" : null;
      if (next) head.setAttribute("aria-sort", next);
      for (const { body, rows } of bodies) {
        body.append(...(next ? sorted(rows, column, next === "ascending" ? 1 : -1) : rows));
      }
    });
  });
}

// Rows that contain every word stay; a group without such a row loses its heading too.
function addFilter(table, bodies) {
  const all = bodies.flatMap(({ rows }) => rows);
  if (all.length <= 4) return;
  const texts = new Map(all.map((row) => {
    const cells = [...row.cells].filter((cell) => !cell.classList.contains("x"));
    return [row, cells.map((cell) => cell.textContent).join("\n").toLowerCase()];
  }));
  const input = make("input", { type: "search", placeholder: "Filter rows", spellcheck: false });
  input.setAttribute("aria-label", `Filter the rows of ${table.getAttribute("aria-label")}`);
  const count = make("output", { value: `${all.length} rows; click a heading to sort` });
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of all) row.hidden = !words.every((word) => texts.get(row).includes(word));
    for (const { head, rows } of bodies) if (head) head.hidden = rows.every((row) => row.hidden);
    count.value = `${all.filter((row) => !row.hidden).length} of ${all.length} rows`;
  });
  table.parentElement.before(make("div", { className: "tools" }, input, count));
}

for (const table of document.querySelectorAll("main table.browsed")) {
  const bodies = [...table.tBodies].map((body) => {
    const rows = [...body.rows];
    const head = rows[0]?.classList.contains("head") ? rows.shift() : null;
    return { body, head, rows };
  });
  addSorting(table, bodies);
  addFilter(table, bodies);
}
