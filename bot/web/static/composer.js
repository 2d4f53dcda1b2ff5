// Posting without leaving the page, with progress; and the form of memes, which is sent by itself.

import { findCard, showCard } from "./cards.js";
import { Pictures } from "./pictures.js";
import { say } from "./words.js";

function newKey() {
  // crypto.randomUUID is missing on plain http addresses.
  const numbers = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(numbers, (each) => each.toString(16).padStart(2, "0")).join("");
}

class Composer {
  constructor(form) {
    this.form = form;
    this.title = form.querySelector('input[name="title"]');
    this.key = form.querySelector('input[name="key"]');
    this.refusal = form.querySelector("[data-refusal]");
    this.progress = form.querySelector("[data-progress]");
    this.button = form.querySelector('button[type="submit"]');
    this.pictures = new Pictures(form, (chosen) => this.chose(chosen));
  }

  watch() {
    this.pictures.watch();
    this.form.addEventListener("submit", (event) => {
      if (this.form.dataset.composer === "page") {
        this.open();
        return;
      }
      event.preventDefault();
      this.send();
    });
  }

  chose(chosen) {
    // Other images are another post, also when the one before was refused half-way.
    if (this.key) this.key.value = newKey();
    this.refusal.hidden = true;
    if (chosen.length && !this.title.value) this.title.focus({ preventScroll: true });
  }

  refuse(sentence) {
    this.refusal.textContent = sentence;
    this.refusal.hidden = false;
  }

  open() {
    // The answer is a page of its own, which the browser opens.
    this.button.disabled = true;
    this.progress.removeAttribute("value");
    this.progress.hidden = false;
    // Back from the answer, the form is to be used again.
    window.addEventListener("pageshow", () => {
      this.button.disabled = false;
      this.progress.hidden = true;
    });
  }

  send() {
    this.refusal.hidden = true;
    this.button.disabled = true;
    this.progress.value = 0;
    this.progress.hidden = false;
    // fetch() does not tell how much was sent.
    const request = new XMLHttpRequest();
    request.open("POST", this.form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) this.progress.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => this.sent(request));
    request.send(new FormData(this.form));
  }

  async sent(request) {
    this.button.disabled = false;
    this.progress.hidden = true;
    if (request.status !== 201) {
      this.refuse(request.response?.error ?? say("unreached"));
      return;
    }
    this.form.reset();
    this.pictures.clear();
    await showCard(request.response.card);
    const card = findCard(request.response.post.id);
    card?.scrollIntoView({ block: "nearest" });
    document.dispatchEvent(new Event("peoria:posted"));
  }
}

export function watchComposer() {
  const form = document.querySelector("[data-composer]");
  if (form) new Composer(form).watch();
}
