// One stream of events for the whole page, for as long as somebody looks at it. Where there is none
// (the board has no place, or is away), those who listen ask for themselves.

const AGAIN = 30_000;

const listeners = new Map();
let address = null;
let source = null;
let timer = 0;

// `name` is an event of the server's, or "open" and "closed".
export function on(name, listener) {
  listeners.set(name, [...(listeners.get(name) ?? []), listener]);
}

export function isOpen() {
  return source?.readyState === EventSource.OPEN;
}

function tell(name, data) {
  for (const listener of listeners.get(name) ?? []) listener(data);
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function open() {
  close();
  // A browser has few connections to one site: a page that nobody sees gives its own back.
  if (document.hidden || !address) return;
  source = new EventSource(address());
  source.addEventListener("open", () => tell("open"));
  source.addEventListener("error", () => {
    tell("closed");
    if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN);
  });
  for (const name of ["card", "gone", "new", "many", "training"]) {
    source.addEventListener(name, (event) => tell(name, JSON.parse(event.data)));
  }
}

// Listens to what the address says that `read` returns; again, when what it says has changed.
export function listen(read) {
  const first = address === null;
  address = read;
  open();
  if (!first) return;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      tell("closed");
    } else open();
  });
}
