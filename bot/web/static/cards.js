// Putting cards on the page: new ones on top, changed ones in their places.

import { tick } from "./clock.js";

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
}

export function findCard(id) {
  return document.querySelector(`[data-post="${CSS.escape(id)}"]`);
}

// Replaces an element and keeps the keyboard where it was.
export function replace(before, after) {
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const button = ["vote", "guess"].find((name) => focused?.dataset[name]);
  const selector = button
    ? `[data-${button}="${focused.dataset[button]}"]`
    : focused && `${focused.tagName}[href="${CSS.escape(focused.getAttribute("href") ?? "")}"]`;
  before.replaceWith(after);
  tick();
  if (selector) after.querySelector(selector)?.focus({ preventScroll: true });
}

// A post's own page shows more than its card, so that it is read anew as a whole.
export async function reloadOwnPage() {
  const page = document.querySelector("[data-own-page]");
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const document_ = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = document_.querySelector("[data-own-page]");
  if (fresh) replace(page, fresh);
}

export async function showCard(html) {
  const card = parse(html);
  const before = findCard(card.dataset.post);
  if (before?.dataset.version === card.dataset.version) return;
  const page = before?.closest("[data-own-page]");
  if (page) {
    await reloadOwnPage();
  } else if (before) {
    replace(before, card);
  } else {
    document.querySelector("[data-empty]")?.remove();
    document.querySelector("[data-feed]")?.prepend(card);
    tick();
  }
}
