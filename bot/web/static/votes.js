// Votes and guesses without leaving the page. Buttons come and go with their cards, so the page
// listens.

import { showCard } from "./cards.js";
import { say } from "./words.js";


async function send(form, value) {
  const refusal = form.querySelector("[data-refusal]");
  refusal.hidden = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ value }),
    });
    const content = await answer.json();
    if (answer.ok) {
      await showCard(content.card);
      return;
    }
    refusal.textContent = content.error;
  } catch {
    refusal.textContent = say("unreached");
  }
  refusal.hidden = false;
}

export function watchVotes() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-votes], [data-guesses]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const { value } = event.submitter;
    send(form, form.matches("[data-votes]") ? Number(value) : value);
  });
}
