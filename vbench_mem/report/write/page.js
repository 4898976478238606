"use strict";
// What all of the page shares: small helpers, the tip that tells things, day and night, paper.

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const clamp = (value, low, high) => Math.max(low, Math.min(value, high));
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `toast` is seen and heard, `voice` is for screen readers alone.
const toast = make("div", { className: "toast" });
const voice = make("div", { className: "unseen" });
toast.setAttribute("role", "status");
voice.setAttribute("aria-live", "polite");
document.body.append(toast, voice);

function say(text) {
  toast.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.textContent = ""; }, 2500);
}

const tip = {
  box: make("div", { className: "tip", id: "tip_", hidden: true }),
  owner: null,
  pinned: false,
  onHide: null,

  // Next to `place`, a rectangle on the screen. `onHide` is told whether it held the focus.
  show(owner, place, content, { pinned = false, onHide = null } = {}) {
    if (this.owner !== owner) this.hide();
    this.box.replaceChildren(...content);
    this.box.classList.toggle("pinned", pinned);
    this.box.hidden = false;
    Object.assign(this, { owner, pinned, onHide });
    const { width, height } = this.box.getBoundingClientRect();
    const above = place.top - height - 10;
    const below = Math.min(place.bottom + 10, innerHeight - height - 6);
    const middle = (place.left + place.right) / 2 - width / 2;
    this.box.style.left = `${clamp(middle, 6, Math.max(6, innerWidth - width - 6))}px`;
    this.box.style.top = `${above > 4 ? above : Math.max(4, below)}px`;
  },

  hide() {
    if (this.box.hidden) return;
    const held = this.box.contains(document.activeElement);
    this.box.hidden = true;
    const then = this.onHide;
    Object.assign(this, { owner: null, pinned: false, onHide: null });
    if (then) then(held);
  },
};
tip.box.setAttribute("role", "tooltip");
document.body.append(tip.box);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tip.hide();
});
document.addEventListener("pointerdown", (event) => {
  if (!tip.box.contains(event.target)) tip.hide();
});
document.addEventListener("scroll", () => { if (!tip.pinned) tip.hide(); }, true);

// A title is for a mouse alone; here it is told to fingers and keyboards too.
for (const element of document.querySelectorAll("main [title]")) {
  element.dataset.tip = element.title;
  element.removeAttribute("title");
  if (!element.closest("a, tbody")) { // the fields of a table are one stop, walked by arrow keys
    element.setAttribute("aria-description", element.dataset.tip);
    if (!element.closest(".browsed")) element.tabIndex = 0;
  }
}

function tell(event) {
  const field = event.type === "pointerover" ? null : event.target.closest("tbody :is(th, td)");
  const owner = event.target.closest("[data-tip]") ?? field?.querySelector("[data-tip]");
  if (!owner) {
    if (tip.owner?.dataset?.tip && !tip.owner.contains(document.activeElement)) tip.hide();
    return;
  }
  if (!tip.pinned) tip.show(owner, owner.getBoundingClientRect(), [owner.dataset.tip]);
}
for (const name of ["pointerover", "focusin", "click"]) document.addEventListener(name, tell);

// By day, by night, or as the machine has it. A page that was mailed may have no storage.
const themes = ["auto", "light", "dark"];
const stored = {
  get() { try { return localStorage.getItem("theme"); } catch { return null; } },
  set(value) { try { localStorage.setItem("theme", value); } catch { /* it is not kept */ } },
};
const switcher = make("button", { className: "theme", type: "button" });
function setTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  switcher.textContent = `Theme: ${name}`;
}
let theme = Math.max(0, themes.indexOf(stored.get()));
setTheme(themes[theme]);
switcher.addEventListener("click", () => {
  theme = (theme + 1) % themes.length;
  setTheme(themes[theme]);
  stored.set(themes[theme]);
});
document.querySelector("header").append(switcher);

// Contents are open where they stand beside the text.
const beside = matchMedia("(min-width: 68rem)");
const contents = document.querySelector("nav details");
const fit = () => { contents.open = beside.matches; };
beside.addEventListener("change", fit);
fit();

// Folds are open on paper.
const opened = [];
function unfold() {
  for (const fold of document.querySelectorAll("main details:not([open], .numbers)")) {
    fold.open = true;
    opened.push(fold);
  }
}
function refold() {
  for (const fold of opened.splice(0)) fold.open = false;
}
addEventListener("beforeprint", unfold);
addEventListener("afterprint", refold);
matchMedia("print").addEventListener("change", (event) => (event.matches ? unfold() : refold()));

// A link into a fold opens it.
function reveal() {
  const goal = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let fold = goal?.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    fold.open = true;
  }
  if (goal) goal.scrollIntoView();
}
addEventListener("hashchange", reveal);
if (location.hash) reveal();
