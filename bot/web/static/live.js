// Asks what has changed, often while something is about to, seldom otherwise.

import { replace, showCard } from "./cards.js";

const SOON = 1000;
const LATER = 5000;
const MOST = 60;

const feed = document.querySelector("[data-feed]");
const newer = document.querySelector("[data-newer]");
let tag = "";
let timer = 0;

function shown() {
  return Array.from(document.querySelectorAll("[data-post]")).slice(0, MOST);
}

function address() {
  const cards = shown();
  const query = new URLSearchParams({ ids: cards.map((card) => card.dataset.post).join(",") });
  if (feed?.dataset.first !== undefined) query.set("newest", cards[0]?.dataset.post ?? "");
  return `/cards.json?${query}`;
}

function tellNewer(count) {
  if (!newer) return;
  newer.hidden = count === 0;
  if (count === 0) {
    newer.replaceChildren();
    return;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = count === 1 ? "Show 1 new post" : `Show ${count} new posts`;
  button.addEventListener("click", showNewer);
  newer.replaceChildren(button);
}

async function showNewer() {
  const answer = await fetch("/", { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-feed]");
  // What is typed in the composer stays.
  document.querySelector("[data-empty]")?.remove();
  feed.replaceChildren(...fresh.children);
  document.querySelector(".pager")?.replaceWith(page.querySelector(".pager"));
  tellNewer(0);
  feed.querySelector("a")?.focus();
}

async function look() {
  const answer = await fetch(address(), { cache: "no-store", headers: { "If-None-Match": tag } });
  if (answer.status === 304 || !answer.ok) return;
  tag = answer.headers.get("ETag") ?? "";
  const content = await answer.json();
  for (const card of content.cards) {
    const before = document.querySelector(`[data-post="${card.id}"]`);
    if (before && before.dataset.version !== card.version) await showCard(card.html);
  }
  tellNewer(content.newer);
}

function isAboutToChange() {
  const now = Date.now();
  return shown().some(
    (card) =>
      card.matches(".stage-looking, .stage-counting") ||
      Array.from(card.querySelectorAll("time[data-countdown]")).some(
        (each) => Date.parse(each.dateTime) - now < LATER,
      ),
  );
}

async function again() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      await look();
    } catch {
      // The board is away for a moment; what is shown stays, and it is asked again.
    }
  }
  timer = setTimeout(again, isAboutToChange() ? SOON : LATER);
}

export function watchFeed() {
  if (!feed && !document.querySelector("[data-own-page]")) return;
  timer = setTimeout(again, SOON);
  document.addEventListener("visibilitychange", again);
  document.addEventListener("peoria:posted", () => {
    clearTimeout(timer);
    timer = setTimeout(again, 200);
  });
}
