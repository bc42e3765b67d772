// One script for all pages. A page declares in data attributes what it wants; without this script everything still works
// by links and forms. Nothing here writes HTML: text is set as text, so that trusted types hold.

const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = selector => document.querySelector(selector);
const make = (name, text, attributes = {}) => {
  const made = Object.assign(document.createElement(name), attributes);
  made.textContent = text;
  return made;
};
const say = text => { one("[data-live]").textContent = text; }; // to screen readers

// ---- Keys: [data-key="n"] or "g q" is focused if it is a field, and clicked otherwise. Off: <html data-single-keys="off">.

const FIELD = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
const PREFIX_MS = 1500; // for the second key after the first
const reachable = element => !element.disabled && !element.closest("[hidden]");
let prefix = "", prefixTimer;

// The character that the layout gives. Letters that are not Latin stand for the Latin letter on the same key.
function keyOf({ key, code, shiftKey }) {
  if (key.length > 1) return key;
  const latin = key > "~" && /^Key[A-Z]$/.test(code) ? code[3] : key;
  if (!/^[a-z]$/i.test(latin)) return latin;
  return shiftKey ? latin.toUpperCase() : latin.toLowerCase(); // whatever Caps Lock says
}

function activate(element) {
  if (!element.matches(FIELD)) return element.click();
  element.closest("details")?.setAttribute("open", "");
  element.focus();
  element.select?.();
}

function onKey(event) {
  const altGraph = event.getModifierState("AltGraph"); // some layouts need it for [ and ]
  if (event.defaultPrevented || event.isComposing || event.metaKey || (!altGraph && (event.ctrlKey || event.altKey))) return;
  if (event.target.closest?.(FIELD) || one("dialog[open]") || root.dataset.singleKeys === "off") return;
  const key = keyOf(event);
  if (key === "Shift" || key === "AltGraph") return;
  const keys = prefix ? `${prefix} ${key}` : key;
  const found = all("[data-key]").filter(each => each.dataset.key === keys).find(reachable);
  prefix = "";
  clearTimeout(prefixTimer);
  if (found) {
    event.preventDefault();
    activate(found);
  } else if (all("[data-key]").some(each => each.dataset.key.startsWith(`${keys} `))) {
    prefix = keys;
    prefixTimer = setTimeout(() => { prefix = ""; }, PREFIX_MS);
  } else if (keys === "?" || onRows(keys, event.target)) {
    event.preventDefault();
    if (keys === "?") help();
  }
}
document.addEventListener("keydown", onKey);

// ---- Rows: [data-row] with a link and perhaps a box.

const linkOf = row => row.querySelector("[data-row-link], a[href]");
const boxOf = row => row.querySelector("input[type=checkbox]");

function onRows(key, target) {
  const rows = all("[data-row]");
  const row = target.closest?.("[data-row]");
  if (!rows.length) return false;
  if (key === "j" || key === "k") {
    const next = rows[row ? rows.indexOf(row) + (key === "j" ? 1 : -1) : 0];
    if (next) linkOf(next).focus({ focusVisible: true });
    return true;
  }
  if (key === "x" && row && boxOf(row)) boxOf(row).click();
  else if (key === "Enter" && row && !target.closest("a, button, summary")) linkOf(row).click();
  else return false;
  return true;
}

// Back from a case to its row. The browser, which scrolls there by itself, would take the focus away again before "load".
addEventListener("load", () => {
  const row = document.getElementById(location.hash.slice(1));
  if (row?.matches("[data-row]")) linkOf(row).focus({ preventScroll: true });
});

// ---- Steps on several rows: [data-count=NAME] shows how many boxes of that name are ticked; [data-check-all=NAME] ticks them.

const boxes = name => all(`input[type=checkbox][name="${CSS.escape(name)}"]`);
function count(name) {
  const ticked = boxes(name).filter(box => box.checked).length;
  for (const each of all(`[data-count="${CSS.escape(name)}"]`)) each.textContent = ticked || "selected";
  for (const each of all(`[data-check-all="${CSS.escape(name)}"]`)) {
    each.checked = ticked > 0 && ticked === boxes(name).length;
    each.indeterminate = ticked > 0 && !each.checked;
  }
  return ticked;
}
const counted = new Set(all("[data-count]").map(each => each.dataset.count));
document.addEventListener("change", ({ target }) => {
  const name = target.dataset.checkAll ?? target.name;
  if (target.dataset.checkAll) for (const box of boxes(name)) box.checked = target.checked;
  if (counted.has(name)) say(`${count(name)} selected`);
});

// ---- Help: built from the keys that the page declares.

function help() {
  const dialog = make("dialog", "");
  const list = make("dl", "", { className: "keys" });
  const add = (keys, label) => {
    const term = make("dt", "");
    keys.split(" ").forEach((key, at) => term.append(at ? " " : "", make("kbd", key)));
    list.append(term, make("dd", label));
  };
  for (const each of all("[data-key]").filter(reachable)) {
    add(each.dataset.key, each.dataset.keyLabel || each.getAttribute("aria-label") || each.textContent.trim());
  }
  if (one("[data-row]")) {
    add("j k", "Next row, previous row");
    if (one("[data-row] input[type=checkbox]")) add("x", "Select the row");
    add("Enter", "Open the row");
  }
  add("?", "Show this list");
  const off = root.dataset.singleKeys === "off";
  const title = make("h2", "Keyboard shortcuts", { id: "keys-title" });
  const close = make("button", "Close", { type: "button", className: "button", onclick: () => dialog.close() });
  const note = off ? "Single keys are switched off in your settings." : "Off while you type in a field. You can switch them off in your settings.";
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(title, make("p", note, { className: "dim" }), list, close);
  document.body.append(dialog);
  dialog.showModal();
}
for (const button of all("[data-help]")) {
  button.hidden = false;
  button.addEventListener("click", help);
}

// ---- Requests behind the page

const SECONDS = 15;
const send = (url, fields) => fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "error", keepalive: true });
const csrfOf = element => element.dataset.csrf ?? element.form?.elements.csrf?.value ?? "";

// Show what a URL answers as {"text": …}, every 15 s while the page is seen; what fails now may succeed next time.
function refresh(element, ask) {
  const step = async () => {
    if (document.hidden) return;
    const answer = await ask().catch(() => null);
    const text = answer?.ok ? (await answer.json()).text : element.textContent;
    if (text === element.textContent) return;
    element.textContent = text;
    element.hidden = !text;
    say(text);
  };
  step();
  setInterval(step, 1000 * (element.dataset.every || SECONDS));
}
for (const each of all("[data-poll]")) refresh(each, () => fetch(each.dataset.poll, { redirect: "error" }));
for (const each of all("[data-presence]")) refresh(each, () => send(each.dataset.presence, { csrf: csrfOf(each) }));

// ---- Drafts: textarea[data-draft] is posted to that URL a second after the last key, and when the page is left.

for (const area of all("textarea[data-draft]")) {
  const status = area.closest(".field").querySelector("[data-draft-status]");
  let kept = area.value, timer;
  const keep = async () => {
    clearTimeout(timer);
    const text = area.value;
    if (text === kept) return;
    const answer = await send(area.dataset.draft, { text, csrf: csrfOf(area) }).catch(() => null);
    if (answer?.ok) kept = text;
    status.textContent = answer?.ok ? "Draft saved." : "The draft could not be saved. Your text is still in this window.";
  };
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, 1000);
  });
  document.addEventListener("visibilitychange", () => document.hidden && keep());
  area.form?.addEventListener("submit", () => { // the step itself ends the draft: none may arrive after it
    kept = area.value;
    clearTimeout(timer);
  });
}

// ---- Small things

// The second click of a double click sends nothing.
document.addEventListener("submit", event => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of all("form[data-sent]")) delete form.dataset.sent; // the browser went back
  counted.forEach(count); // it also puts the boxes back
});

for (const button of all("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    say("Copied");
    const label = button.lastChild, before = label.textContent;
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = before; }, 2000);
  });
}

for (const each of all("[data-js]")) each.hidden = false;

const closeMenus = keep => all("details[data-menu][open]").filter(menu => menu !== keep).forEach(menu => { menu.open = false; });
document.addEventListener("click", event => closeMenus(event.target.closest("details[data-menu]")));
document.addEventListener("keydown", event => { // a menu, or a step
  const menu = event.key === "Escape" && one("[data-menu][open], .confirm[open]");
  if (!menu) return;
  if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  menu.open = false;
});

one("[data-focus]")?.focus();
const told = all("[data-announce]").map(each => each.textContent.replace(/\s+/g, " ").trim()).join(" ");
if (told) setTimeout(() => say(told), 300); // a live region speaks only of what changes after loading
