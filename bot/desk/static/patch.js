// Bringing the page up to date: fetch it anew, and replace only what has another version.

const news = document.getElementById("news");
let answer = null;

export async function freshPage() {
  try {
    const answer = await fetch(location.pathname + location.search, {
      headers: { "X-Desk-Refresh": "1", "X-Desk-Hidden": document.hidden ? "1" : "0" },
    });
    if (!answer.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null; // the desk is closed for the moment; the next news will tell
  }
}

// Gives the last message for this person alone that came new: the answer to a click, perhaps.
export function patch(fresh, { toEnd } = {}) {
  answer = null;
  for (const region of document.querySelectorAll("[data-region]")) {
    const name = region.dataset.region;
    const next = fresh.querySelector(`[data-region="${name}"]`);
    if (!next) continue;
    const area = region.closest("[data-scroll]");
    const atEnd = area && area.scrollHeight - area.scrollTop - area.clientHeight < 80;
    const follow = atEnd || (toEnd && area && toEnd.parentElement === area.parentElement);
    if ("keyed" in region.dataset) patchList(region, next, name === "messages" || name === "thread");
    else if (region.dataset.v !== next.dataset.v) replaceRegion(region, next, name === "modal");
    if (follow) area.scrollTop = area.scrollHeight;
  }
  const empty = document.querySelector(".scroll > .empty");
  if (empty && !fresh.querySelector(".scroll > .empty")) empty.remove();
  return answer;
}

function patchList(list, next, tell) {
  const before = new Map([...list.children].map((row) => [row.dataset.key, row]));
  let place = list.firstElementChild;
  for (const row of [...next.children]) {
    const old = before.get(row.dataset.key);
    before.delete(row.dataset.key);
    if (old && old.dataset.v === row.dataset.v) {
      if (old !== place) list.insertBefore(old, place);
      else place = place.nextElementSibling;
      continue;
    }
    const adopted = document.adoptNode(row);
    if (old) {
      const focus = focusWithin(old);
      if (old === place) place = place.nextElementSibling;
      adopted.tabIndex = old.tabIndex;
      old.replaceWith(adopted);
      list.insertBefore(adopted, place);
      restoreFocus(adopted, focus);
    } else {
      list.insertBefore(adopted, place);
      if (tell && adopted.dataset.words) {
        adopted.classList.add("arrived");
        news.textContent = `New message. ${adopted.dataset.words}`;
        if (adopted.matches(".ephemeral")) answer = adopted;
      }
    }
  }
  for (const gone of before.values()) {
    if (gone.dataset.key === "new") continue; // the line stays until the channel is opened again
    const hadFocus = gone.contains(document.activeElement);
    const neighbour = gone.previousElementSibling ?? gone.nextElementSibling;
    gone.remove();
    if (hadFocus) neighbour?.focus();
  }
}

function replaceRegion(region, next, isModal) {
  const old = region.querySelector("dialog");
  const fresh = next.querySelector("dialog");
  region.dataset.v = next.dataset.v;
  if (isModal && old && fresh && old.dataset.view === fresh.dataset.view) {
    // The same view, changed: what was filled in stays where the field stays.
    const filled = new Map(fields(old).map((field) => [key(field), field]));
    const focus = focusWithin(old);
    old.replaceChildren(...[...fresh.children].map((child) => document.adoptNode(child)));
    for (const field of fields(old)) {
      const was = filled.get(key(field));
      if (!was) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = was.checked;
      else field.value = was.value;
    }
    restoreFocus(old, focus);
    return;
  }
  if (isModal && old?.open) old.close();
  const focus = focusWithin(region);
  region.replaceChildren(...[...next.children].map((child) => document.adoptNode(child)));
  restoreFocus(region, focus);
}

function fields(within) {
  return [...within.querySelectorAll("[data-field]:is(input, select, textarea), [data-field] input")];
}

function key(field) {
  const owner = field.closest("[data-field]");
  return [owner.dataset.block, owner.dataset.action, field === owner ? "" : field.value].join(" ");
}

// Focus is remembered by what the element is for, since the element itself is replaced.
function focusWithin(node) {
  const active = document.activeElement;
  if (!active || !node.contains(active)) return null;
  if (active === node) return { self: true };
  const { block, action, value } = active.dataset;
  return { block, action, value, href: active.getAttribute("href"), name: active.getAttribute("aria-label") };
}

function restoreFocus(node, focus) {
  if (!focus) return;
  const same = [...node.querySelectorAll("button, a, input, select, textarea")].find((element) =>
    focus.action !== undefined
      ? element.dataset.block === focus.block && element.dataset.action === focus.action && element.dataset.value === focus.value
      : focus.href !== null
        ? element.getAttribute("href") === focus.href
        : focus.name !== null && element.getAttribute("aria-label") === focus.name,
  );
  const place = focus.self ? node : (same ?? (node.tabIndex >= -1 && node.matches(".message") ? node : node.querySelector("h2, a, button")));
  place?.focus({ preventScroll: true });
}
