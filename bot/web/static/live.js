// Shows what has changed as soon as the server says so; where it cannot say, the page asks: often
// while something is about to change, seldom otherwise.

import { findCard, reloadOwnPage, showCard } from "./cards.js";
import { isOpen, listen, on } from "./stream.js";
import { say } from "./words.js";

const SOON = 1000;
const LATER = 5000;
const MOST = 60;

const feed = document.querySelector("[data-feed]");
const newer = document.querySelector("[data-newer]");
const ownPage = document.querySelector("[data-own-page]");
let tag = "";
let timer = 0;
const told = new Set();
// More came at once than are told of one by one.
let many = false;

function shown() {
  return Array.from(document.querySelectorAll("[data-post]")).slice(0, MOST);
}

function ids() {
  return shown().map((card) => card.dataset.post);
}

function address() {
  const query = new URLSearchParams({ ids: ids().join(",") });
  if (feed?.dataset.first !== undefined) query.set("newest", ids()[0] ?? "");
  return `/cards.json?${query}`;
}

function streamAddress() {
  const query = new URLSearchParams({ posts: ids().join(",") });
  if (feed?.dataset.first !== undefined) query.set("community", feed.dataset.community);
  return `/live?${query}`;
}

function newWords(count) {
  if (many) return say("newMany");
  return count === 1 ? say("newOne") : say("newOther", { count });
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
  button.textContent = newWords(count);
  button.addEventListener("click", showNewer);
  newer.replaceChildren(button);
}

async function showNewer() {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-feed]");
  // What is typed in the composer stays.
  document.querySelector("[data-empty]")?.remove();
  feed.replaceChildren(...fresh.children);
  document.querySelector(".pager")?.replaceWith(page.querySelector(".pager"));
  told.clear();
  many = false;
  tellNewer(0);
  feed.querySelector("a")?.focus();
  listen(streamAddress);
}

async function look() {
  const answer = await fetch(address(), { cache: "no-store", headers: { "If-None-Match": tag } });
  if (answer.status === 304 || !answer.ok) return;
  tag = answer.headers.get("ETag") ?? "";
  const content = await answer.json();
  for (const card of content.cards) {
    const before = findCard(card.id);
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
  if (!isOpen()) timer = setTimeout(again, isAboutToChange() ? SOON : LATER);
}

// All who look at one page are told in the same moment: they do not all ask in the same one.
function soon(most) {
  return SOON + Math.random() * most;
}

function watchStream() {
  // Between the page and its stream something may have changed.
  on("open", () => {
    clearTimeout(timer);
    timer = setTimeout(again, soon(SOON));
  });
  on("closed", () => {
    clearTimeout(timer);
    timer = setTimeout(again, soon(LATER));
  });
  on("card", ({ id, html }) => {
    if (!ownPage) showCard(html);
    else if (findCard(String(id))) setTimeout(reloadOwnPage, soon(SOON) - SOON);
  });
  on("gone", ({ id }) => {
    if (feed) findCard(String(id))?.remove();
  });
  on("many", () => {
    many = true;
    tellNewer(told.size + 1);
  });
  on("new", ({ id }) => {
    if (findCard(String(id))) return;
    told.add(id);
    tellNewer(told.size);
  });
}

export function watchFeed() {
  if (!feed && !ownPage) return;
  watchStream();
  timer = setTimeout(again, LATER);
  listen(streamAddress);
  document.addEventListener("peoria:posted", () => listen(streamAddress));
}
