// @ts-check
/** Curves as text, "percent:value, ...", and the moves of an editor on their points: pure functions. */

import { linear } from "../scale.js";

/** @typedef {[number, number]} Point percent of the run, value */

const MOST = 200;

/** Any number of points is a curve. */
export const WHOLE = false;
/** How high the arrow keys reach. */
export const HIGHEST = 100;

/** The points of a text, null if it is no curve; nothing at all is no points. @param {string} text @returns {Point[] | null} */
export function parse(text) {
  const pieces = text.trim().replace(/^,|,$/g, "").split(",");
  if (pieces.length === 1 && pieces[0].trim() === "") return [];
  /** @type {Point[]} */
  const points = [];
  for (const piece of pieces) {
    const parts = piece.split(":").map((part) => (part.trim() === "" ? NaN : Number(part)));
    if (parts.length !== 2 || !parts.every(Number.isFinite)) return null;
    points.push([parts[0], parts[1]]);
  }
  const rising = points.every(([place], i) => place >= 0 && place <= 100 && (i === 0 || place >= points[i - 1][0]));
  return rising && points.length <= MOST ? points : null;
}

/** The text of points. @param {Point[]} points */
export function text(points) {
  return points.map(([place, value]) => `${tidy(place)}:${tidy(value)}`).join(", ");
}

/** @param {number} value */
function tidy(value) {
  return Number(value.toFixed(3));
}

/** Put point `i` somewhere else, between its neighbours and inside the frame. */
/** @param {Point[]} points @param {number} i @param {Point} to @param {[number, number]} frame least and most @returns {Point[]} */
export function move(points, i, [place, value], [least, most]) {
  const left = i > 0 ? points[i - 1][0] : 0;
  const right = i < points.length - 1 ? points[i + 1][0] : 100;
  const moved = points.slice();
  moved[i] = [Math.min(right, Math.max(left, place)), Math.min(most, Math.max(least, value))];
  return moved;
}

/** Points to begin with. @returns {Point[]} */
export function first() {
  return [[0, 1], [100, 1]];
}

/** Add a point in its place; which one it is then. @param {Point[]} points @param {Point} point @returns {[Point[], number]} */
export function add(points, [place, value]) {
  const at = points.findIndex(([other]) => other > place);
  const i = at < 0 ? points.length : at;
  return [[...points.slice(0, i), [Math.min(100, Math.max(0, place)), Math.max(0, value)], ...points.slice(i)], i];
}

/** Without point `i`. @param {Point[]} points @param {number} i @returns {Point[]} */
export function remove(points, i) {
  return points.filter((_, k) => k !== i);
}

/** The value at a percent: straight lines, constant outside, the second value at a jump. @param {Point[]} points @param {number} percent */
export function valueAt(points, percent) {
  for (let k = 0; k + 1 < points.length; k++) {
    const [[left, before], [right, after]] = [points[k], points[k + 1]];
    if (left <= percent && percent < right) return before + ((percent - left) / (right - left)) * (after - before);
  }
  return percent >= points[points.length - 1][0] ? points[points.length - 1][1] : points[0][1];
}

/** Shapes to begin with, by name. @type {Record<string, Point[]>} */
export const SHAPES = {
  "soft start": [[0, 0], [30, 1], [100, 1]],
  "clean end": [[0, 1], [60, 1], [80, 0]],
  burst: [[0, 0], [25, 1.2], [60, 1], [80, 0]],
};

/** The least and the most that are shown: 0, and a round number above all values, with room to drag them higher. */
/** @param {Point[]} points @param {[number, number]} range the least and the most of an empty frame @returns {[number, number]} */
export function frame(points, [, least]) {
  const high = Math.max(0, ...points.map(([, value]) => value));
  if (high < least) return [0, least];
  const power = 10 ** Math.floor(Math.log10(high));
  return [0, [1, 1.5, 2, 3, 5, 10].map((m) => m * power).find((v) => v >= high * 1.2) ?? 10 * power * 1.5];
}

export const scale = linear;

/** As fine as a mouse can point. @param {number} value */
export function round(value) {
  return Math.round(value * 100) / 100;
}

/** A value moved by so many key presses, a fiftieth of its decade each. @param {number} value @param {number} presses @param {number} most that is shown */
export function nudge(value, presses, most) {
  return value + (presses * 10 ** Math.floor(Math.log10(most))) / 50;
}
