// Ages and countdowns, kept true while the page is open.

import { language, say } from "./words.js";

const MINUTE = 60_000;

// The server's clock counts; this one may be wrong.
const main = document.querySelector("main");
const ahead = Date.now() - Date.parse(main.dataset.now);

// The words that the server uses, too: both take them from Unicode's CLDR.
function units(count, unit) {
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count);
}

function duration(milliseconds) {
  const minutes = Math.floor(milliseconds / MINUTE);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes < 1) return say("underAMinute");
  if (days >= 1) return units(days, "day");
  const parts = hours >= 1 ? [units(hours, "hour")] : [];
  if (minutes % 60) parts.push(units(minutes % 60, "minute"));
  return parts.join(" ");
}

function countdown(milliseconds) {
  if (milliseconds <= 0) return say("noTime");
  if (milliseconds >= 10 * MINUTE) return duration(milliseconds);
  const seconds = Math.ceil(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function tick() {
  const now = Date.now() - ahead;
  for (const element of document.querySelectorAll("time[data-age]")) {
    const age = now - Date.parse(element.dateTime);
    write(element, age < MINUTE ? say("justNow") : say("ago", { time: duration(age) }));
  }
  for (const element of document.querySelectorAll("time[data-countdown]")) {
    write(element, countdown(Date.parse(element.dateTime) - now));
  }
}

export function watchClock() {
  tick();
  setInterval(tick, 1000);
}
