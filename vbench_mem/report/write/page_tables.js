// Tables of many rows: sorted, filtered, copied; and walked through field by field.

const FEW = 4; // rows, up to which nobody needs a filter
const STEP = 100; // rows that are laid out at once: the rest comes as one scrolls
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
// A spreadsheet takes what begins so for a formula and runs it, unless it is a number with its sign.
const FORMULA = /^[=@\t\r]|^[+-](?!\d[\d.,]*(?:e[+-]?\d+)?(?: [^=@|!()]*)?$)/;
const harmless = (text) => (FORMULA.test(text) ? `'${text}` : text);
const quote = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const quoted = (text) => quote(harmless(text));
const csv = (rows) => rows.map((row) => row.map(quoted).join(",")).join("\r\n");
const shown = (cell) => (cell.classList.contains("x") ? "" : cell.textContent);

// Files have no clipboard of their own in some browsers.
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const back = document.activeElement;
    const area = make("textarea", { value: text, className: "unseen" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    back?.focus({ preventScroll: true });
    if (!done) return say("This browser does not let a page copy.");
  }
  say(`${what} copied as CSV`);
}

class Browsed {
  constructor(table) {
    this.table = table;
    this.heads = [...table.tHead.rows[0].cells];
    this.names = this.heads.map((head) => head.textContent);
    this.groups = [...table.tBodies].map((part) => {
      const rows = [...part.rows];
      const head = rows[0]?.classList.contains("head") ? rows.shift() : null;
      return { part, head, rows, order: rows };
    });
    this.rows = this.groups.flatMap((group) => group.rows);
    this.known = new Map(); // of a row: its values, and its text
    this.by = { column: -1, way: 0 };
    this.words = [];
    for (const link of table.querySelectorAll("tbody a")) link.tabIndex = -1;
    table.setAttribute("aria-description", "Arrow keys go from field to field, Enter follows a link.");
    this.addHeads();
    this.addTools();
    this.addCopy();
    this.update();
    const box = table.parentElement;
    box.addEventListener("scroll", () => {
      if (box.scrollTop + 2 * box.clientHeight > box.scrollHeight) this.more();
    });
  }

  addHeads() {
    this.heads.forEach((head, column) => {
      const button = make("button", { type: "button" }, ...head.childNodes);
      if (head.dataset.tip) button.setAttribute("aria-description", head.dataset.tip);
      head.removeAttribute("aria-description");
      head.append(button);
      button.addEventListener("click", () => this.sort(column));
    });
  }

  // A number, a text, or null for what is missing.
  key(row, column) {
    if (!this.known.has(row)) this.known.set(row, { values: (row.dataset.v ?? "").split(",") });
    const value = this.known.get(row).values[column];
    return value ? Number(value) : shown(row.cells[column]) || null;
  }

  text(row) {
    const known = this.known.get(row) ?? { values: (row.dataset.v ?? "").split(",") };
    this.known.set(row, known);
    known.text ??= [...row.cells].map(shown).join("\n").toLowerCase();
    return known.text;
  }

  // Up, down, as it was. What is missing stays last both ways.
  sort(column) {
    const way = column === this.by.column ? [1, -1, 0][[0, 1, -1].indexOf(this.by.way)] : 1;
    this.by = { column, way };
    this.heads.forEach((head, at) => {
      if (at === column && way) head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    for (const group of this.groups) {
      group.order = way ? this.sorted(group.rows) : group.rows;
    }
    this.update();
    for (const { part, order } of this.groups) part.append(...order);
  }

  sorted(rows) {
    const { column, way } = this.by;
    const keyed = rows.map((row) => ({ row, key: this.key(row, column) }));
    const rank = (key) => (typeof key === "number" ? 0 : 1);
    const compare = (a, b) => {
      if (rank(a.key) !== rank(b.key)) return rank(a.key) - rank(b.key);
      return typeof a.key === "number" ? a.key - b.key : collator.compare(a.key, b.key);
    };
    const there = keyed.filter(({ key }) => key !== null).sort((a, b) => way * compare(a, b));
    return [...there, ...keyed.filter(({ key }) => key === null)].map(({ row }) => row);
  }

  // Which rows fit the filter, and which of them are laid out.
  update(limit = STEP) {
    let count = 0;
    for (const { head, order } of this.groups) {
      const before = count;
      for (const row of order) {
        const fits = this.words.every((word) => this.text(row).includes(word));
        row.hidden = !fits;
        row.classList.toggle("later", fits && count >= limit);
        count += fits;
      }
      if (head) head.hidden = count === before;
    }
    this.limit = limit;
    this.total = count;
    this.table.classList.add("ready");
    this.count.value = `${count} of ${this.rows.length} rows`;
    this.start();
  }

  more() {
    if (this.limit < this.total) this.update(this.limit + STEP);
  }

  addTools() {
    const input = make("input", { type: "search", placeholder: "Filter rows", spellcheck: false });
    const about = this.table.getAttribute("aria-label");
    input.setAttribute("aria-label", `Filter the rows of ${about}; several words must all be there`);
    input.addEventListener("input", () => {
      this.words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      this.update();
    });
    this.count = make("output");
    const all = make("button", { type: "button", textContent: "Copy table as CSV" });
    all.addEventListener("click", () => copy(this.csv(), "Table"));
    const tools = this.rows.length > FEW ? [input, this.count, all] : [all];
    this.table.parentElement.before(make("div", { className: "tools" }, ...tools));
  }

  // What is seen, in the order in which it is seen; groups become a first column.
  csv() {
    const grouped = this.groups.some((group) => group.head);
    const rows = [[...(grouped ? ["group"] : []), ...this.names]];
    for (const { head, order } of this.groups) {
      for (const row of order) {
        if (row.hidden) continue;
        rows.push([...(grouped ? [head?.textContent.trim() ?? ""] : []), ...this.fields(row)]);
      }
    }
    return csv(rows);
  }

  fields(row) {
    return [...row.cells].map(shown);
  }

  // One button goes to the row that is meant, so that a thousand rows need no thousand buttons.
  addCopy() {
    const button = make("button", { type: "button", className: "copy", title: "Copy row as CSV" });
    button.setAttribute("aria-label", "Copy row as CSV");
    const go = (event) => {
      const row = event.target.closest("tbody tr:not(.head)");
      if (row && button.parentElement !== row.cells[0]) row.cells[0].append(button);
    };
    for (const name of ["pointerover", "focusin", "click"]) this.table.addEventListener(name, go);
    button.addEventListener("click", () => copy(csv([this.fields(button.closest("tr"))]), "Row"));
  }

  // The field where a walk with the arrow keys starts: one stop for the Tab key.
  start() {
    const first = this.groups.flatMap(({ order }) => order).find((row) => !row.hidden);
    if (first && !this.table.tBodies[0].contains(document.activeElement)) {
      stop(this.table, first.cells[0]);
    }
  }
}

function stop(table, cell) {
  table.querySelector("tbody [data-stop]")?.removeAttribute("tabindex");
  table.querySelector("tbody [data-stop]")?.removeAttribute("data-stop");
  cell.tabIndex = 0;
  cell.dataset.stop = "";
}

function walkTable(event) {
  const cell = event.target.closest("tbody :is(th, td)");
  if (event.target !== cell) return;
  if (event.key === "Enter") cell.querySelector("a")?.click();
  if (!(event.key in STEPS)) return;
  const [aside, along] = STEPS[event.key];
  const rows = [...event.currentTarget.querySelectorAll("tbody tr:not([hidden], .later)")];
  const row = rows[rows.indexOf(cell.parentElement) + along];
  const next = row?.cells[Math.min(cell.cellIndex + aside, row.cells.length - 1)];
  if (!next) return;
  event.preventDefault();
  stop(event.currentTarget, next);
  next.focus();
}

for (const table of document.querySelectorAll("main table")) {
  const browsed = table.classList.contains("browsed");
  if (browsed) new Browsed(table);
  const told = table.querySelector("tbody [data-tip]")?.closest("th, td");
  if (told && !browsed) stop(table, told);
  if (told || browsed) table.addEventListener("keydown", walkTable);
}
