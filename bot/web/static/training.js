// Starting a training run and following it.

import { isOpen, listen, on } from "./stream.js";
import { say } from "./words.js";

const SOON = 1000;
const LATER = 10_000;

let tag = "";
let timer = 0;

// What is read or chosen stays where it is: the tables keep their place, the keyboard its element.
function show(state, html) {
  const places = Array.from(state.querySelectorAll(".scroll"), (each) => each.scrollLeft);
  const all = () => Array.from(state.querySelectorAll("a, button, [tabindex]"));
  const focused = all().indexOf(document.activeElement);
  const opened = Array.from(state.querySelectorAll("details"), (each) => each.open);
  state.innerHTML = html;
  state.querySelectorAll("details").forEach((each, index) => {
    each.open = opened[index] ?? false;
  });
  state.querySelectorAll(".scroll").forEach((each, index) => {
    each.scrollLeft = places[index] ?? 0;
  });
  if (focused >= 0) all()[focused]?.focus({ preventScroll: true });
}

async function look(state) {
  const answer = await fetch("/models/state.json", {
    cache: "no-store",
    headers: { "If-None-Match": tag },
  });
  if (!answer.ok) return;
  tag = answer.headers.get("ETag") ?? "";
  const content = await answer.json();
  state.dataset.running = content.running;
  show(state, content.html);
}

async function again(state) {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      await look(state);
    } catch {
      // The board is away for a moment; it is asked again.
    }
  }
  if (!isOpen()) timer = setTimeout(again, state.dataset.running === "true" ? SOON : LATER, state);
}

// The page of a run is read anew as a whole.
async function reload(part) {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live-run]");
  if (fresh) show(part, fresh.innerHTML);
}

async function train(state, form) {
  form.querySelector("button").disabled = true;
  let error = "";
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) error = (await answer.json()).error;
  } catch {
    error = say("unreached");
  }
  state.dataset.running = "true";
  await again(state);
  const refusal = state.querySelector("[data-train] [data-refusal]");
  refusal.textContent = error;
  refusal.hidden = !error;
}

export function watchTraining() {
  const run = document.querySelector("[data-live-run]");
  if (run) {
    on("training", () => reload(run));
    listen(() => "/live?training=1");
  }
  const state = document.querySelector("[data-models-state]");
  if (!state) return;
  for (const name of ["open", "closed", "training"]) on(name, () => again(state));
  listen(() => "/live?training=1");
  state.addEventListener("submit", (event) => {
    event.preventDefault();
    train(state, event.target.closest("[data-train]"));
  });
  again(state);
}
