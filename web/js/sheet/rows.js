// @ts-check
/** The rows of a comparison: their order, their words, and what of them goes into a node's widgets. Pure functions. */

import { ofServer } from "../plot/words.js";
import { say } from "../say.js";

/** A box of a picture, in pixels: left, top, right, bottom. @typedef {[number, number, number, number]} Box */
/**
 * A row as the server tells it: its settings, what it took, how far it is from the reference, where its pictures are.
 * @typedef {{sampler: string, schedule: string, steps: number, options: Record<string, any>, evaluations: number, seconds: number,
 *   apart: number, seen: string, boxes: Box[]}} Row
 * @typedef {{size: [number, number], reference: number, rows: Row[], file: {filename: string, subfolder: string, type: string} | null}} Sheet
 */

/** The places of the rows: as they are listed, or those that differ least from the reference first. @param {Row[]} rows @param {boolean} byDifference */
export function order(rows, byDifference) {
  const places = rows.map((_, i) => i);
  return byDifference ? places.sort((a, b) => rows[a].apart - rows[b].apart || a - b) : places;
}

/** A number with three digits that matter. @param {number} number */
export function digits(number) {
  return Number(number.toPrecision(3));
}

/** A row's settings in a line. @param {Row} row */
export function named({ sampler, schedule, steps, options }) {
  const given = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  return [`${sampler} / ${schedule}`, say("{n} steps", { n: steps }), ...given].join(", ");
}

/** How far a row is from the reference, and whether that can be seen. @param {Row} row @param {boolean} isReference */
export function difference({ apart, seen }, isReference) {
  return isReference ? say("the reference") : say("difference {n}: {words}", { n: digits(apart), words: ofServer(seen) });
}

/** What a widget may be called that holds one of a row's settings. */
const NAMES = /** @type {Record<string, string[]>} */ ({ sampler: ["sampler", "sampler_name"], schedule: ["schedule", "scheduler"], steps: ["steps"] });
/** Widgets that change a run beside those: a row that says nothing of them was made with what they begin with. */
const BESIDE = ["eta", "s_noise", "rho", "eta_curve", "s_noise_curve"];

/**
 * What goes into which widget, and the options that have none.
 * @param {Row} row @param {Record<string, any>} plain the node's widgets and what they begin with @returns {{values: Record<string, any>, missing: string[]} | null} null: no KSampler
 */
export function settings(row, plain) {
  /** @type {Record<string, any>} */
  const values = {};
  for (const [key, names] of Object.entries(NAMES)) {
    const name = names.find((one) => one in plain);
    if (!name) return null;
    values[name] = row[/** @type {"sampler" | "schedule" | "steps"} */ (key)];
  }
  for (const name of BESIDE) if (name in plain) values[name] = plain[name];
  const missing = [];
  for (const [key, value] of Object.entries(row.options)) {
    const curve = typeof value === "string" && !Number.isFinite(Number(value));
    const name = curve ? `${key}_curve` : key;
    if (name in plain) values[name] = curve ? value : typeof plain[name] === "number" ? Number(value) : value;
    else missing.push(key);
  }
  return { values, missing };
}
