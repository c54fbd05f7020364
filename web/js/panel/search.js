// @ts-check
/** Finding samplers and schedules in the list of declarations: pure functions. */

/**
 * A declaration as GET /sigmatic/samplers has it; schedules have no family, order and so on.
 * @typedef {{name: string, title: string, summary: string, reference: string, params: {name: string, default: any}[],
 *   models?: string, most_cfg?: number | null, uncond?: boolean, between?: boolean, spaces?: string[], family?: string, order?: number, evals_per_step?: number, stochastic?: boolean, alias_of?: string | null,
 *   recipes?: string[], purposes?: string[], sketch?: import("./sketch.js").Sketch | null}} Entry
 */

import { purposeOf, wordsFor } from "./purposes.js";
import { ofServer } from "../plot/words.js";
import { say } from "../say.js";

const SHOWN = 4;

/** The entries that are for what `query` names, or have every word of it somewhere, those with it in their name first, then those that begin with its first word. */
/** @param {Entry[]} entries @param {string} query @param {string} [family] @returns {Entry[]} */
export function search(entries, query, family = "") {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const purpose = purposeOf(query);
  const inName = (/** @type {Entry} */ entry) => words.every((word) => entry.name.toLowerCase().includes(word));
  const matching = entries.filter((entry) => {
    const text = [entry.name, entry.title, entry.summary, ofServer(entry.summary), wordsFor(entry.purposes ?? []), ...(entry.recipes ?? []), ...facts(entry)].join(" ").toLowerCase();
    const found = purpose ? entry.purposes?.includes(purpose) || text.includes(query.trim().toLowerCase()) : words.every((word) => text.includes(word));
    return found && (!family || entry.family === family);
  });
  const place = (/** @type {Entry} */ entry) => (inName(entry) ? 0 : entry.name.toLowerCase().replace(/^sig_/, "").startsWith(words[0] ?? "") ? 1 : 2);
  return [0, 1, 2].flatMap((rank) => matching.filter((entry) => place(entry) === rank));
}

/** What an entry is, in a few words each. @param {Entry} entry @returns {string[]} */
export function facts(entry) {
  const words = [];
  if (entry.family) words.push(entry.family);
  if (entry.order) words.push(say("order {n}", { n: entry.order }));
  if (entry.evals_per_step) words.push(entry.evals_per_step === 1 ? say("1 evaluation a step") : say("{n} evaluations a step", { n: entry.evals_per_step }));
  if (entry.stochastic !== undefined) words.push(entry.stochastic ? say("adds noise") : say("no noise"));
  words.push(...kinds(entry));
  const names = entry.params.map(({ name }) => name);
  if (names.length) words.push(names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ", …" : ""));
  if (entry.alias_of) words.push(say("same as {name}", { name: `sig_${entry.alias_of}` }));
  return words;
}

/** Which models it is for, and what it asks of them. @param {Entry} entry @returns {string[]} */
function kinds({ models, most_cfg: cfg, uncond, between, spaces }) {
  const words = [];
  if (spaces) words.push(spaces.length > 1 ? say("any model") : spaces[0] === "flow" ? say("flow models") : say("VE models (SD 1, 2, XL)"));
  else if (models) words.push(models === "distilled" ? say("distilled models") : say("any model"));
  if (cfg) words.push(say("cfg up to {n}", { n: cfg }));
  if (uncond) words.push(say("needs a negative prompt"));
  if (between) words.push(say("also asks between the levels"));
  return words;
}

/** The families there are, in alphabetical order. @param {Entry[]} entries @returns {string[]} */
export function families(entries) {
  return [...new Set(entries.flatMap((entry) => (entry.family ? [entry.family] : [])))].sort();
}
