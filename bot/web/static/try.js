// Trying pictures. All works without it.

import { Pictures } from "./pictures.js";

const form = document.querySelector("[data-try]");
if (form) new Pictures(form).watch();
