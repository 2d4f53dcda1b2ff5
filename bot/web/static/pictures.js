// Choosing pictures for a form: from a dialog, by dropping and by pasting; several up to a bound,
// each with its preview and a button that leaves it out. What is not taken is said aloud.

import { say } from "./words.js";

export class Pictures {
  // `changed` is called whenever others are chosen.
  constructor(form, changed = () => {}) {
    this.form = form;
    this.file = form.querySelector('input[type="file"]');
    this.drop = form.querySelector("[data-drop]");
    this.list = form.querySelector("[data-chosen]");
    this.leftOut = form.querySelector("[data-left-out]");
    this.most = Number(form.dataset.most);
    this.maxBytes = Number(form.dataset.maxBytes);
    this.changed = changed;
    this.addresses = [];
    // What a dialog chooses is added to what was chosen before: a browser only replaces it.
    this.chosen = [];
  }

  watch() {
    this.file.addEventListener("change", () => this.add(this.file.files));
    document.addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      this.add(event.clipboardData.files);
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
      this.add(event.dataTransfer?.files ?? []);
    });
    this.chosen = Array.from(this.file.files);
    this.show();
  }

  add(files) {
    const left = [];
    // Where there is room for one, another one takes its place.
    if (this.most === 1 && files.length) this.chosen = [];
    for (const file of files) {
      const why = this.refusal(file);
      if (why) left.push(why);
      else this.chosen.push(file);
    }
    this.keep();
    // What was dropped and left out would otherwise be missed.
    if (!files.length) left.push(say("noFile"));
    this.leftOut.textContent = left.join(" ");
    if (files.length) this.form.scrollIntoView({ block: "nearest" });
  }

  refusal(file) {
    // Some browsers know no type for HEIC.
    const isImage = file.type.startsWith("image/") || /\.(heic|heif|avif)$/i.test(file.name);
    if (!isImage) return say("notImage", { name: file.name });
    if (file.size > this.maxBytes) return `${file.name}: ${this.form.dataset.tooLarge}`;
    if (this.chosen.length >= this.most) return say("atMost", { name: file.name, most: this.most });
    return "";
  }

  clear() {
    this.chosen = [];
    this.keep();
    this.leftOut.textContent = "";
  }

  keep() {
    const transfer = new DataTransfer();
    for (const file of this.chosen) transfer.items.add(file);
    this.file.files = transfer.files;
    this.show();
    this.changed(this.chosen);
  }

  leave(file) {
    this.chosen = this.chosen.filter((each) => each !== file);
    this.leftOut.textContent = "";
    this.keep();
    (this.list.querySelector("button") ?? this.file).focus();
  }

  show() {
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.addresses = [];
    this.list.replaceChildren(...this.chosen.map((file) => this.item(file)));
    this.list.hidden = !this.chosen.length;
  }

  item(file) {
    const item = document.createElement("li");
    const image = document.createElement("img");
    image.src = URL.createObjectURL(file);
    image.alt = say("chosen", { name: file.name });
    // Not every browser can show every kind; its name stands there then.
    image.onerror = () => image.replaceWith(file.name);
    this.addresses.push(image.src);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "×";
    button.title = say("remove", { name: file.name });
    button.setAttribute("aria-label", button.title);
    button.addEventListener("click", () => this.leave(file));
    item.append(image, button);
    return item;
  }
}
