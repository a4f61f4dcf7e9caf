// What pages do beyond plain HTML: keys, countdowns, comparing pictures. Without it every page still works.
"use strict";

document.documentElement.classList.add("js");

const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const first = (selector, inside = document) => inside.querySelector(selector);
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private windows keep nothing */ } };
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

// --- Keys. An element with data-key="x" is activated by x; rows (data-row) are walked with j and k. ---

const busy = (target) => target.closest("input:not([type=radio], [type=checkbox], [type=range]), select, textarea, dialog");

function step(by) {
  const places = all("[data-row] [data-open]");
  if (!places.length) return;
  const now = places.indexOf(document.activeElement);
  const next = now < 0 ? (by > 0 ? 0 : places.length - 1) : Math.min(Math.max(now + by, 0), places.length - 1);
  places[next].focus();
  places[next].closest("[data-row]").scrollIntoView({ block: "nearest" });
}

function activate(element) {
  element.focus();
  if (element.matches("button, a")) element.click();
  else if (element.matches("input[type=radio]") && !element.checked) {
    element.checked = true;
    element.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || busy(event.target)) return;
  const row = document.activeElement.closest("[data-row]");
  const claim = event.key === "c" && row && first("[data-claim]", row);
  const named = claim || all(`[data-key="${CSS.escape(event.key)}"]`).find((item) => !item.closest("[hidden]"));
  if (named) activate(named);
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "b") document.body.classList.toggle("view-blur");
  else if (event.key === "?") first("#keys")?.showModal();
  else return;
  event.preventDefault();
});

// --- Countdowns: <time data-countdown datetime>. ---

function count() {
  for (const time of all("time[data-countdown]")) {
    const left = Math.max(0, Math.floor((new Date(time.dateTime) - Date.now()) / 1000));
    time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (!left) time.closest(".undo")?.setAttribute("hidden", "");
  }
}

// --- Comparing: one choice for all pairs of the page, a range for each. ---

function lay(stage) {
  const picture = all(".beside img", stage.closest("[data-compared]"))[1];
  if (!stage.dataset.width || !picture?.naturalWidth) return;
  const wide = picture.naturalWidth * stage.dataset.width;
  const high = picture.naturalHeight * stage.dataset.height;
  stage.style.setProperty("aspect-ratio", `${wide} / ${high}`);
}

function compare(mode) {
  for (const pair of all("[data-compared]")) {
    const over = first(".over", pair);
    first(".beside", pair).hidden = mode !== "beside";
    over.hidden = mode === "beside";
    over.classList.toggle("as-overlay", mode === "overlay");
    if (mode !== "beside") lay(first(".stage", over));
  }
  for (const choice of all("[data-compare]")) choice.checked = choice.value === mode;
}

document.addEventListener("input", (event) => {
  const share = event.target.closest("[data-share]");
  if (share) first(".stage", share.closest(".over")).style.setProperty("--share", `${share.value}%`);
});

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches("[data-compare]")) { keep("compare", target.value); compare(target.value); }
  else if (target.matches("[data-mirror]")) first(".stage", target.closest(".over")).classList.toggle("mirrored", target.checked);
  else if (target.matches("[data-view]")) {
    for (const same of all(`[data-view][value="${target.value}"]`)) same.checked = target.checked;
    document.body.classList.toggle(`view-${target.value}`, target.checked);
  }
});

// --- Buttons that open a dialog or copy a text; menus that close when one looks elsewhere. ---

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) first(`#${opener.dataset.opens}`).showModal();
  const copier = event.target.closest("[data-copies]");
  if (copier) navigator.clipboard?.writeText(first(`#${copier.dataset.copies}`).textContent);
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

function start() {
  for (const button of all("[data-opens][hidden]")) button.hidden = false;
  const mode = kept("compare");
  if (mode && mode !== "beside" && first("[data-compared]")) compare(mode);
  count();
}

document.addEventListener("htmx:afterSettle", start);
setInterval(count, 1000);
start();
