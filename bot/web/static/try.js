// Trying pictures: dropping and pasting several, and showing what was chosen. All works without it.

class Trial {
  constructor(form) {
    this.form = form;
    this.file = form.querySelector('input[type="file"]');
    this.drop = form.querySelector("[data-drop]");
    this.list = form.querySelector("[data-chosen]");
    this.leftOut = form.querySelector("[data-left-out]");
    this.most = Number(form.dataset.most);
    this.maxBytes = Number(form.dataset.maxBytes);
    this.addresses = [];
  }

  watch() {
    this.file.addEventListener("change", () => this.show());
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
  }

  add(files) {
    const chosen = new DataTransfer();
    for (const file of this.file.files) chosen.items.add(file);
    const left = [];
    for (const file of files) {
      if (!file.type.startsWith("image/")) left.push(`${file.name} is not an image file.`);
      else if (file.size > this.maxBytes) left.push(`${file.name}: ${this.form.dataset.tooLarge}`);
      else if (chosen.items.length >= this.most) left.push(`${file.name}: at most ${this.most} pictures.`);
      else chosen.items.add(file);
    }
    this.file.files = chosen.files;
    this.show();
    // Said aloud: what was dropped and left out would otherwise be missed.
    this.leftOut.textContent = files.length ? left.join(" ") : "That is not an image file.";
  }

  show() {
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.addresses = [];
    this.leftOut.textContent = "";
    this.list.replaceChildren(
      ...Array.from(this.file.files, (file) => {
        const item = document.createElement("li");
        const image = document.createElement("img");
        image.src = URL.createObjectURL(file);
        image.alt = `Chosen: ${file.name}`;
        this.addresses.push(image.src);
        item.append(image);
        return item;
      }),
    );
    this.list.hidden = !this.file.files.length;
  }
}

const form = document.querySelector("[data-try]");
if (form) new Trial(form).watch();
