// What the scripts say, in the reader's language: the page brings the texts along.

const texts = JSON.parse(document.querySelector("main").dataset.words);

export const language = document.documentElement.lang;

// The text of a name, with values put in for {value}.
export function say(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (whole, value) => values[value] ?? whole);
}
