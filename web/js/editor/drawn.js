// @ts-check
/** Hand-drawn schedules as text, "percent:sigma, ..." or sigmas alone, and the moves of an editor on them: pure functions. */

import * as curve from "./curve.js";
import { log } from "../scale.js";

/** @typedef {import("./curve.js").Point} Point */

/** Neighbours differ by this part at least: a schedule falls. */
const GAP = 0.002;
const FIRST = 5;

/** The schedule that listens to such points. */
export const SCHEDULE = "sig_drawn";
/** Points mean nothing without those at both ends. */
export const WHOLE = true;
/** The arrow keys stay in the frame. */
export const HIGHEST = 0;

/** The points of a text, null if it is no falling schedule; nothing at all is no points. @param {string} written @returns {Point[] | null} */
export function parse(written) {
  const points = written.includes(":") ? curve.parse(written) : alone(written);
  if (!points) return null;
  const open = points.length > 1 && points[points.length - 1][1] === 0 ? points.slice(0, -1) : points;
  const last = open[open.length - 1]?.[0] || 100;
  const stretched = open.map(([place, value]) => /** @type {Point} */ ([(100 * place) / last, value]));
  return stretched.every(([, value], i) => value > 0 && (i === 0 || value < stretched[i - 1][1])) ? stretched : null;
}

/** Sigmas without places, evenly spread. @param {string} written @returns {Point[] | null} */
function alone(written) {
  const words = written.split(/[\s,;]+/).filter(Boolean);
  const values = words.map(Number).filter(Number.isFinite);
  const open = values.length > 1 && values[values.length - 1] === 0 ? values.slice(0, -1) : values;
  if (values.length < words.length) return null;
  return open.map((value, i) => [(100 * i) / Math.max(1, open.length - 1), value]);
}

/** The text of points. @param {Point[]} points */
export function text(points) {
  return points.map(([place, value]) => `${Number(place.toFixed(3))}:${Number(value.toPrecision(6))}`).join(", ");
}

/** Points along the levels of a run, to begin with. @param {number[]} levels @returns {Point[]} */
export function first(levels) {
  const open = levels.filter((value, i) => value > 0 && (i === 0 || value < levels[i - 1] * (1 - GAP)));
  if (open.length < 2) return [[0, 14.6], [100, 0.03]];
  const last = open.length - 1;
  const chosen = new Set(Array.from({ length: FIRST }, (_, k) => Math.round((k * last) / (FIRST - 1))));
  return [...chosen].map((i) => [Number(((100 * i) / last).toFixed(1)), open[i]]);
}

/** Put point `i` somewhere else: below the one before, above the one after, those at the ends only up and down. */
/** @param {Point[]} points @param {number} i @param {Point} to @param {[number, number]} frame least and most @returns {Point[]} */
export function move(points, i, [place, value], [least, most]) {
  const [before, after] = [points[i - 1], points[i + 1]];
  const x = !before ? 0 : !after ? 100 : Math.min(after[0], Math.max(before[0], place));
  const high = before ? before[1] * (1 - GAP) : most;
  const low = after ? after[1] * (1 + GAP) : least;
  const moved = points.slice();
  moved[i] = [x, low < high ? Number(Math.min(high, Math.max(low, value)).toPrecision(4)) : points[i][1]];
  return moved;
}

/** Add a point in its place, as low as it must be; which one it is then. Between two that touch there is no room. */
/** @param {Point[]} points @param {Point} point @returns {[Point[], number]} */
export function add(points, point) {
  const inside = /** @type {Point} */ ([Math.min(99.9, Math.max(0.1, point[0])), point[1]]);
  const [more, i] = curve.add(points, inside);
  const moved = move(more, i, inside, [0, Infinity]);
  return moved[i][1] < points[i - 1][1] && moved[i][1] > points[i][1] ? [moved, i] : [points, i - 1];
}

/** Without point `i`; whoever is at an end then goes to the end. @param {Point[]} points @param {number} i @returns {Point[]} */
export function remove(points, i) {
  const rest = curve.remove(points, i);
  if (rest.length < 2) return [];
  return rest.map(([place, value], k) => [k === 0 ? 0 : k === rest.length - 1 ? 100 : place, value]);
}

/** The value at a percent: straight lines in log sigma. @param {Point[]} points @param {number} percent */
export function valueAt(points, percent) {
  return Math.exp(curve.valueAt(points.map(([place, value]) => [place, Math.log(value)]), percent));
}

/** The least and the most that are shown: the model's range and all points. */
/** @param {Point[]} points @param {[number, number]} [range] @returns {[number, number]} */
export function frame(points, range = [0.03, 14.6]) {
  const values = points.map(([, value]) => value);
  return [Math.min(range[0], ...values), Math.max(range[1], ...values)];
}

export const scale = log;

/** As fine as a mouse can point. @param {number} value */
export function round(value) {
  return Number(value.toPrecision(3));
}
