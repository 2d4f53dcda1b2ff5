// Handing a post's address on: by the system's own dialog where there is one, else by copying.

import { say } from "./words.js";

async function share(button, status) {
  const link = document.querySelector("[data-share-link]");
  try {
    if (navigator.share) {
      await navigator.share({ title: button.dataset.title, url: link.href });
      return;
    }
    await navigator.clipboard.writeText(link.href);
    status.textContent = say("copied");
  } catch (error) {
    // Whoever closes the dialog did not want to share after all.
    if (error.name !== "AbortError") status.textContent = say("copyAbove");
  }
}

export function watchShare() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-share]");
    if (button) share(button, document.querySelector("[data-share-status]"));
  });
}
