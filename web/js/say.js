// @ts-check
/** What the page says, in its language: an English sentence is the name of all its translations. Pure functions. */

import { format } from "./scale.js";

/** A sentence with {names} in it, and what they stand for, as the server sends it. @typedef {[string, Record<string, any>]} Message */

/** @type {Map<string, string>} */
let phrases = new Map();

/** Speak another language from now on. @param {Record<string, string>} known English: the language */
export function speak(known) {
  phrases = new Map(Object.entries(known));
}

/** A sentence in the page's language, or in English. @param {string} text @param {Record<string, any>} [values] of the {names} in it */
export function say(text, values = {}) {
  const shown = (/** @type {any} */ value) => (typeof value === "number" ? format(value) : String(value));
  return (phrases.get(text) ?? text).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole));
}
