// @ts-check
/** The widgets that take a curve among other things: detail (a number, too) and cfg_curve (a range, too). Pure functions. */

import * as curve from "./curve.js";

/** @typedef {import("./curve.js").Point} Point */

const RANGE = /^\s*\d+(\.\d*)?\s*%?\s*-\s*\d+(\.\d*)?\s*%?\s*$/;
const MOST_DETAIL = 0.5;

/** Add a point in its place, at any value; which one it is then. @param {Point[]} points @param {Point} point @returns {[Point[], number]} */
function add(points, [place, value]) {
  const [more, i] = curve.add(points, [place, value]);
  more[i][1] = value;
  return [more, i];
}

export const detail = {
  ...curve,
  add,
  HIGHEST: MOST_DETAIL,
  /** A number alone is the same all over the run. @param {string} text @returns {Point[] | null} */
  parse(text) {
    const alone = text.trim() === "" ? NaN : Number(text);
    const points = Number.isFinite(alone) ? /** @type {Point[]} */ ([[0, alone], [100, alone]]) : curve.parse(text);
    return points && points.every(([, value]) => Math.abs(value) <= MOST_DETAIL) ? points : null;
  },
  /** @returns {Point[]} */
  first: () => [[20, 0], [50, 0.05], [80, 0]],
  /** @param {Point[]} points @param {[number, number]} range @returns {[number, number]} */
  frame(points, range) {
    const low = Math.min(0, ...points.map(([, value]) => value));
    const [, high] = curve.frame(points, range);
    return [low < 0 ? -Math.min(MOST_DETAIL, curve.frame([[0, -low]], range)[1]) : 0, Math.min(MOST_DETAIL, high)];
  },
  /** @param {number} value */
  round: (value) => Math.round(value * 1000) / 1000,
  /** @type {Record<string, Point[]>} */
  SHAPES: { "in the middle": [[20, 0], [50, 0.1], [80, 0]], falling: [[0, 0.1], [100, 0]] },
};

export const scales = {
  ...curve,
  /** A range keeps its place beside the points. @param {string} text @returns {Point[] | null} */
  parse(text) {
    const pieces = text.split(",");
    const ranges = pieces.filter((piece) => RANGE.test(piece));
    return ranges.length > 1 ? null : curve.parse(pieces.filter((piece) => !RANGE.test(piece)).join(","));
  },
  /** @param {Point[]} points @param {string} [before] what was written, whose range stays */
  text(points, before = "") {
    const ranges = before.split(",").filter((piece) => RANGE.test(piece)).map((piece) => piece.trim());
    return [curve.text(points), ...(points.length ? ranges : [])].filter(Boolean).join(", ");
  },
  /** @returns {Point[]} */
  first: () => [[0, 5], [100, 5]],
  /** @param {number} value */
  round: (value) => Math.round(value * 10) / 10,
  /** @type {Record<string, Point[]>} */
  SHAPES: { falling: [[0, 8], [100, 3]], "in the middle": [[0, 1], [20, 1], [20, 6], [80, 6], [80, 1], [100, 1]] },
};
