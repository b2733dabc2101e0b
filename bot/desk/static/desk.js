// The desk's script: gestures go to /do/…, news come over /live, and what changed is patched in place.
import { freshPage, patch } from "./patch.js";

const csrf = document.querySelector("meta[name=csrf]").content;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

async function gesture(name, body) {
  try {
    const answer = await fetch(`/do/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify(body),
    });
    return await answer.json();
  } catch {
    return { error: "The desk does not answer. Is it still open?" };
  }
}

function complain(place, text) {
  const note = place && $(".went-wrong", place);
  if (!note) return;
  note.hidden = !text;
  note.textContent = text ?? "";
}

// What stands in the fields of a message or a view, by block and action.
function state(within) {
  const values = {};
  for (const field of $$("[data-field]", within)) {
    const boxes = $$("input", field);
    let value = field.value;
    if (field.getAttribute("role") === "group") value = boxes.filter((box) => box.checked).map((box) => box.value);
    else if (field.getAttribute("role") === "radiogroup") value = boxes.find((box) => box.checked)?.value ?? null;
    (values[field.dataset.block] ??= {})[field.dataset.action] = value;
  }
  return values;
}

// Ask first, if the app wants it so; the answer is what was pressed.
function confirmed(element) {
  const template = $("template[data-confirm]", element.closest(".element") ?? element);
  if (!template) return Promise.resolve(true);
  const dialog = $("#confirm");
  const content = template.content.cloneNode(true);
  const [yes, no] = ["[data-yes]", "[data-no]"].map((selector) => content.querySelector(selector));
  const footer = document.createElement("footer");
  for (const [label, value, style] of [[no, "no", ""], [yes, "yes", template.dataset.style]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `button ${style}`;
    button.append(...label.childNodes);
    button.addEventListener("click", () => dialog.close(value));
    footer.append(button);
    label.remove();
  }
  content.querySelector("h2").id = "confirm-title";
  dialog.replaceChildren(content, footer);
  dialog.returnValue = "no";
  dialog.showModal();
  footer.lastChild.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

async function act(element, value) {
  const place = element.closest("[data-ts], [data-view]");
  if (!place || place.classList.contains("busy")) return;
  const menu = element.closest("[popover]");
  menu?.hidePopover();
  if (!(await confirmed(element))) return;
  clicked = performance.now();
  place.classList.add("busy");
  complain(place, null);
  const { action, block } = element.dataset;
  const told = await gesture("action", {
    ts: place.dataset.ts ?? "",
    view: place.dataset.view ?? "",
    action_id: action,
    block_id: block,
    value,
    state: state(place),
  });
  place.classList.remove("busy");
  await refresh();
  complain(place.isConnected ? place : document.getElementById(place.id), told.error);
}

async function submit(form) {
  const dialog = form.closest("dialog");
  const button = $("[type=submit]", form);
  if (!button || button.disabled) return;
  clicked = performance.now();
  button.disabled = true;
  complain(form, null);
  const told = await gesture("submit", { view: dialog.dataset.view, state: state(form) });
  button.disabled = false;
  showMistakes(form, told.mistakes ?? {});
  complain(form, told.error);
  await refresh();
}

function showMistakes(form, mistakes) {
  for (const input of $$("[data-input]", form)) {
    const mistake = mistakes[input.dataset.input] ?? "";
    input.classList.toggle("invalid", Boolean(mistake));
    $(".mistake", input).textContent = mistake;
    for (const field of $$("[data-field]", input)) field.toggleAttribute("aria-invalid", Boolean(mistake));
  }
  $(".invalid :is(input, select, textarea)", form)?.focus();
}

async function closeView(everything) {
  const dialog = $("dialog[data-view]");
  if (!dialog) return;
  await gesture("close", { view: dialog.dataset.view, everything });
  await refresh();
}

async function say(form) {
  const field = $("textarea", form);
  const text = field.value;
  if (!text.trim()) return;
  field.value = "";
  form.classList.remove("filled");
  complain(form, null);
  const body = { channel: form.dataset.channel, text };
  if (form.dataset.thread) body.thread_ts = form.dataset.thread;
  const told = await gesture("say", body);
  await refresh({ toEnd: form });
  if (told.error) {
    if (!field.value) field.value = text;
    complain(form, told.error);
  }
}

// What answers one's own click is scrolled to; what comes unasked is not.
let clicked = -Infinity;

function reveal(answer) {
  if (!answer || performance.now() - clicked > 15_000) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  answer.scrollIntoView({ block: "nearest", behavior: still ? "instant" : "smooth" });
}

// News ---------------------------------------------------------------------------------------------
let refreshing = null;
let again = false;
let stale = false;

function refresh(options = {}) {
  if (refreshing) {
    again = true;
    return refreshing;
  }
  refreshing = (async () => {
    do {
      again = false;
      const fresh = await freshPage();
      if (fresh) reveal(patch(fresh, options));
    } while (again);
    refreshing = null;
    settleModal();
    rove();
  })();
  return refreshing;
}

function settleModal() {
  const dialog = $("dialog[data-view]");
  if (dialog && !dialog.open) {
    dialog.showModal();
    const first = $("[autofocus]", dialog) ?? $(".modal-body :is(input, select, textarea)", dialog);
    (first ?? $("h2", dialog)).focus();
  }
}

const news = new EventSource("/live");
news.onmessage = () => (document.hidden ? (stale = true) : refresh());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && stale) {
    stale = false;
    refresh();
  }
});

// The keyboard in lists of messages: one stop, then the arrow keys ---------------------------------------
function rove() {
  for (const list of $$("ol.messages")) {
    const rows = $$(".message", list);
    const stop = rows.find((row) => row.tabIndex === 0) ?? rows.at(-1);
    for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
  }
}

function moveTo(row) {
  for (const other of $$(".message", row.parentElement)) other.tabIndex = other === row ? 0 : -1;
  row.focus();
}

document.addEventListener("keydown", (event) => {
  const row = event.target;
  if (row.classList?.contains("message")) {
    const rows = $$(".message", row.parentElement);
    const at = rows.indexOf(row);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined && rows[to]) {
      event.preventDefault();
      moveTo(rows[to]);
    } else if (event.key === "Enter") {
      $(".replies, .tools a.tool", row)?.click();
    }
  }
  if (event.target.getAttribute?.("role") === "menuitem") {
    const items = $$("[role=menuitem]", event.target.closest("[role=menu]"));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      items.at((items.indexOf(event.target) + step) % items.length).focus();
    }
  }
  if (event.key === "Escape" && !$("dialog[open]") && !$(":popover-open")) {
    if (document.body.classList.contains("side-open")) side(false);
    else if (!event.target.closest?.(".composer") || !event.target.value) $("[data-leave-thread]")?.click();
  }
});

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".menu") || event.newState !== "open") return;
  const opener = $(`[popovertarget="${CSS.escape(menu.id)}"]`);
  const at = opener.getBoundingClientRect();
  const below = at.bottom + 4 + menu.offsetHeight < innerHeight;
  menu.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - 4 - menu.offsetHeight)}px`;
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - menu.offsetWidth - 8))}px`;
  $("[role=menuitem]", menu)?.focus();
}, true);

// The side, on a narrow screen -----------------------------------------------------------------------------
function side(open) {
  document.body.classList.toggle("side-open", open);
  $(".burger")?.setAttribute("aria-expanded", String(open));
  if (open) $("#side a")?.focus();
  else $(".burger")?.focus();
}

// Commands --------------------------------------------------------------------------------------------------
function offer(field) {
  const list = $(".commands", field.form);
  if (!list) return;
  const typed = field.value;
  const options = $$("[role=option]", list);
  for (const option of options) {
    option.hidden = !typed.startsWith("/") || typed.includes("\n") || !(option.dataset.command + " ").startsWith(typed.split(" ")[0]);
  }
  const shown = options.filter((option) => !option.hidden);
  list.hidden = !shown.length;
  field.setAttribute("aria-expanded", String(!list.hidden));
  if (!shown.some((option) => option.ariaSelected === "true")) select(field, shown[0]);
}

function select(field, chosen) {
  for (const option of $$("[role=option]", field.form)) option.ariaSelected = String(option === chosen);
  if (chosen) field.setAttribute("aria-activedescendant", chosen.id);
  else field.removeAttribute("aria-activedescendant");
}

function complete(field, option) {
  if (!field.value.includes(" ")) field.value = `${option.dataset.command} `;
  field.focus();
  offer(field);
}

// Pointers and fields ---------------------------------------------------------------------------------------
document.addEventListener("click", async (event) => {
  const target = event.target.closest("button, a, [role=option]");
  if (event.target.matches(".frame")) side(false);
  if (!target) return;
  if (target.matches("[data-act]")) act(target, target.dataset.value ?? null);
  else if (target.matches("[data-shortcut]")) shortcut(target);
  else if (target.matches("[data-dismiss]")) {
    await gesture("dismiss", { ts: target.closest("[data-ts]").dataset.ts });
    refresh();
  } else if (target.matches("[data-close]")) closeView(false);
  else if (target.matches("[data-close-all]")) closeView(true);
  else if (target.matches("[data-sit]")) {
    await gesture("sit", { user: target.dataset.sit });
    location.reload();
  } else if (target.matches(".burger")) side(!document.body.classList.contains("side-open"));
  else if (target.matches("[role=option]")) complete($("textarea", target.closest("form")), target);
});

async function shortcut(target) {
  const place = target.closest("[data-ts]");
  target.closest("[popover]").hidePopover();
  const told = await gesture("shortcut", { callback_id: target.dataset.shortcut, ts: place.dataset.ts });
  await refresh();
  complain(document.getElementById(place.id), told.error);
}

document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-field]");
  if (!field) return;
  const input = field.closest(".invalid");
  if (input) {
    input.classList.remove("invalid");
    $(".mistake", input).textContent = "";
  }
  if (!field.hasAttribute("data-acts")) return;
  const { block, action } = field.dataset;
  const value = state(field.parentElement)[block][action];
  if (value !== "") act(field, value);
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.matches("[data-submit]")) submit(event.target);
  if (event.target.matches("[data-say]")) say(event.target);
});

document.addEventListener("input", (event) => {
  if (!event.target.matches(".composer textarea")) return;
  event.target.form.classList.toggle("filled", Boolean(event.target.value.trim()));
  offer(event.target);
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.(".composer textarea")) return;
  const list = $(".commands", field.form);
  const open = list && !list.hidden;
  const shown = open ? $$("[role=option]", list).filter((option) => !option.hidden) : [];
  const at = shown.findIndex((option) => option.ariaSelected === "true");
  if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    select(field, shown.at((at + (event.key === "ArrowDown" ? 1 : -1)) % shown.length));
  } else if (open && event.key === "Tab" && !event.shiftKey && !field.value.includes(" ")) {
    event.preventDefault();
    complete(field, shown[at]);
  } else if (open && event.key === "Escape") {
    event.stopPropagation();
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (open && !field.value.includes(" ") && shown[at] && shown[at].dataset.command !== field.value) complete(field, shown[at]);
    else field.form.requestSubmit();
  }
}, true);

document.addEventListener("cancel", (event) => {
  if (event.target.matches("dialog[data-view]")) {
    event.preventDefault(); // the desk closes it, and tells the app if it wants to know
    closeView(false);
  }
}, true);

// At the start -----------------------------------------------------------------------------------------------
const channelArea = $(".main [data-scroll]");
if (channelArea) channelArea.scrollTop = channelArea.scrollHeight; // a thread is read from its parent on
const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (target) target.scrollIntoView({ block: "center" });
rove();
settleModal();
if (!$("dialog[open]") && !target && matchMedia("(min-width: 721px)").matches) $(".thread textarea")?.focus({ preventScroll: true });
