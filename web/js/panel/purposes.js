// @ts-check
/** What people look for, in the words that they use: models and ends. Pure functions. */

import { say as translated } from "../say.js";

/** Commas, of all languages. */
const SEPARATOR = /[,\u3001\uff0c]/;

/** The words for each purpose, as the server names it; the first one is for buttons. */
/** @param {(english: string) => string} say @returns {Record<string, string>} */
function words(say) {
  return {
    flux: "Flux",
    sdxl: "SDXL",
    sd: "SD 1.5, SD 2, Stable Diffusion",
    video: say("video, film, clip"),
    turbo: say("turbo, lightning, distilled"),
    anime: say("anime, manga, drawing"),
    "few steps": say("few steps, fast, quick"),
    sharp: say("sharp, crisp, detailed"),
    calm: say("calm, smooth, soft"),
    lively: say("lively, surprising, varied"),
    exact: say("exact, precise, reference"),
  };
}

/** In English, and in the page's language. */
function both() {
  return [words((english) => english), words(translated)];
}

/** What the buttons say. */
export function labels() {
  return Object.values(words(translated)).map((one) => one.split(SEPARATOR)[0].trim());
}

/** The key of the purpose that a query is a word for, a person's own or an English one; "" for none. @param {string} query */
export function purposeOf(query) {
  const wanted = query.trim().toLowerCase();
  const has = (/** @type {string} */ listed) => listed.split(SEPARATOR).some((word) => word.trim().toLowerCase() === wanted);
  return both().flatMap(Object.entries).find(([key, listed]) => wanted === key || has(listed))?.[0] ?? "";
}

/** All words that something with these purposes is found by. @param {string[]} keys */
export function wordsFor(keys) {
  return both().flatMap((known) => keys.map((key) => known[key] ?? key)).join(" ");
}
