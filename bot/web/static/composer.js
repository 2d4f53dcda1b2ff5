// Choosing, dropping and pasting an image; its preview; sending it with progress.

import { findCard, showCard } from "./cards.js";

const NO_FILE = "That is not an image file; save the image first and drop the file.";
const UNREACHED = "The board cannot be reached; is it still running?";

function newKey() {
  // crypto.randomUUID is missing on plain http addresses.
  const numbers = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(numbers, (each) => each.toString(16).padStart(2, "0")).join("");
}

function imageIn(transfer) {
  return Array.from(transfer?.files ?? []).find((file) => file.type.startsWith("image/"));
}

class Composer {
  constructor(form) {
    this.form = form;
    this.file = form.querySelector('input[type="file"]');
    this.title = form.querySelector('input[name="title"]');
    this.key = form.querySelector('input[name="key"]');
    this.drop = form.querySelector("[data-drop]");
    this.preview = form.querySelector("[data-preview]");
    this.words = form.querySelector("[data-drop-words]");
    this.refusal = form.querySelector("[data-refusal]");
    this.progress = form.querySelector("[data-progress]");
    this.button = form.querySelector('button[type="submit"]');
  }

  watch() {
    this.file.addEventListener("change", () => this.show(this.file.files[0]));
    this.form.addEventListener("submit", (event) => {
      if (this.form.dataset.composer === "page") {
        this.open(event);
        return;
      }
      event.preventDefault();
      this.send();
    });
    document.addEventListener("paste", (event) => {
      const image = imageIn(event.clipboardData);
      if (!image) return;
      event.preventDefault();
      this.take(event.clipboardData, image);
    });
    for (const name of ["dragenter", "dragover"]) {
      document.addEventListener(name, (event) => {
        event.preventDefault();
        this.drop.classList.add("is-over");
      });
    }
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) this.drop.classList.remove("is-over");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      this.drop.classList.remove("is-over");
      const image = imageIn(event.dataTransfer);
      if (image) this.take(event.dataTransfer, image);
      else this.refuse(NO_FILE);
    });
  }

  take(transfer, image) {
    const chosen = new DataTransfer();
    chosen.items.add(image);
    this.file.files = chosen.files;
    this.show(image);
    this.form.scrollIntoView({ block: "nearest" });
    if (!this.title.value) this.title.focus({ preventScroll: true });
  }

  show(image) {
    // Another image is another post, also when the one before was refused half-way.
    if (this.key) this.key.value = newKey();
    this.refusal.hidden = true;
    if (this.preview.src) URL.revokeObjectURL(this.preview.src);
    this.preview.hidden = !image;
    this.words.hidden = Boolean(image);
    if (!image) {
      this.preview.removeAttribute("src");
      return;
    }
    this.preview.src = URL.createObjectURL(image);
    this.preview.alt = `Chosen: ${image.name}`;
    this.preview.onerror = () => {
      // Not an image after all, or one that only the browser cannot show.
      this.preview.hidden = true;
      this.words.hidden = false;
    };
    if (image.size > Number(this.form.dataset.maxBytes)) this.refuse(this.form.dataset.tooLarge);
  }

  refuse(sentence) {
    this.refusal.textContent = sentence;
    this.refusal.hidden = false;
  }

  open(event) {
    // The answer is a page of its own, which the browser opens.
    const image = this.file.files[0];
    if (image && image.size > Number(this.form.dataset.maxBytes)) {
      event.preventDefault();
      this.refuse(this.form.dataset.tooLarge);
      return;
    }
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
    const image = this.file.files[0];
    if (image && image.size > Number(this.form.dataset.maxBytes)) {
      this.refuse(this.form.dataset.tooLarge);
      return;
    }
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
      this.refuse(request.response?.error ?? UNREACHED);
      return;
    }
    this.form.reset();
    this.show(undefined);
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
