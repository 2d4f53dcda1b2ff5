// Signing in, and making passkeys: the board asks, the browser's own window answers.

import { say } from "./words.js";

function toBytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (each) => each.charCodeAt(0));
}

function toText(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function post(path, fields) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(fields),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

// Only what the board checks: nothing that a browser adds goes out.
function plain(credential, names) {
  const response = {};
  for (const name of names) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  const id = toText(credential.rawId);
  return JSON.stringify({ id, rawId: id, type: credential.type, response });
}

async function make() {
  const { publicKey } = await post("/account/passkeys/ask", {});
  publicKey.challenge = toBytes(publicKey.challenge);
  publicKey.user.id = toBytes(publicKey.user.id);
  for (const each of publicKey.excludeCredentials ?? []) each.id = toBytes(each.id);
  const made = await navigator.credentials.create({ publicKey });
  return plain(made, ["clientDataJSON", "attestationObject"]);
}

async function sign() {
  const { publicKey } = await post("/account/sign-in/ask", {});
  publicKey.challenge = toBytes(publicKey.challenge);
  const signed = await navigator.credentials.get({ publicKey });
  return plain(signed, ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
}

function whyNot(error) {
  // A board or a proxy with no time left answers in words that are no JSON.
  if (error instanceof TypeError || error instanceof SyntaxError) return say("unreached");
  if (error instanceof DOMException) {
    return error.name === "InvalidStateError" ? say("hereAlready") : say("stopped");
  }
  return error.message;
}

async function send(form) {
  const refusal = form.querySelector("[data-refusal]");
  const button = form.querySelector("button");
  refusal.hidden = true;
  button.disabled = true;
  try {
    if (!window.PublicKeyCredential) throw new Error(say("unable"));
    const fields = Object.fromEntries(new FormData(form));
    fields.credential = form.dataset.passkey === "make" ? await make() : await sign();
    const { to } = await post(new URL(form.action).pathname, fields);
    location.assign(to);
    return;
  } catch (error) {
    refusal.textContent = whyNot(error);
  }
  refusal.hidden = false;
  button.disabled = false;
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
