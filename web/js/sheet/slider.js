// @ts-check
/** Two rows of a comparison on top of each other: the line between them follows the pointer, or the keys. */

import { say } from "../say.js";
import { drawing, html, paint } from "../svg.js";
import { difference, named } from "./rows.js";

/** Between pictures, as a share of one. */
const GAP = 0.04;

/** @typedef {import("./rows.js").Sheet} Sheet @typedef {import("./rows.js").Box} Box */

/** Pictures of the sheet, side by side. @param {string} url @param {Sheet} sheet @param {Box[]} boxes @param {string} label */
export function cut(url, { size: [width, height] }, boxes, label) {
  const svg = drawing();
  /** @type {import("../plot/chart.js").Tree[]} */
  const parts = [];
  let [at, high] = [0, 0];
  for (const [left, top, right, bottom] of boxes) {
    const [wide, tall] = [right - left, bottom - top];
    parts.push(["svg", { x: at, y: 0, width: wide, height: tall, viewBox: `${left} ${top} ${wide} ${tall}` }, [["image", { href: url, width, height }]]]);
    at += wide * (1 + GAP);
    high = Math.max(high, tall);
  }
  paint(svg, parts, at - GAP * (boxes[0][2] - boxes[0][0]), high);
  svg.setAttribute("aria-label", label);
  return svg;
}

/** @param {string} label @param {string[]} choices @param {number} value @param {(value: number) => void} choose */
function list(label, choices, value, choose) {
  const select = /** @type {HTMLSelectElement} */ (html("select", { "aria-label": label, title: label }, choices.map((text, i) => html("option", { value: i }, [text]))));
  select.value = String(value);
  select.addEventListener("change", () => choose(Number(select.value)));
  return select;
}

/**
 * @param {Sheet} sheet @param {string} url of its picture @param {{before: number, after: number, picture: number, at: number}} state is kept up
 * @param {(state: any) => void} show it all again
 */
export function slider(sheet, url, state, show) {
  const { rows, reference } = sheet;
  const choose = (/** @type {string} */ name) => (/** @type {number} */ value) => show({ ...state, [name]: value });
  const names = rows.map((row, i) => `${i + 1}. ${named(row)}`);
  const count = rows[0].boxes.length;
  const lists = [list(say("before"), names, state.before, choose("before")), list(say("after"), names, state.after, choose("after"))];
  if (count > 1) lists.push(list(say("Which picture"), rows[0].boxes.map((_, i) => `${i + 1} / ${count}`), state.picture, choose("picture")));
  const [left, right] = [state.before, state.after].map((i) => cut(url, sheet, [rows[i].boxes[state.picture]], names[i]));
  const line = html("div", { class: "line" });
  const range = /** @type {HTMLInputElement} */ (html("input", { type: "range", min: 0, max: 100, step: "any", value: state.at, "aria-label": say("From before to after") }));
  const move = (/** @type {number} */ at) => {
    state.at = Math.min(100, Math.max(0, at));
    range.value = String(state.at);
    line.style.left = `${state.at}%`;
    right.style.clipPath = `inset(0 0 0 ${state.at}%)`;
  };
  range.addEventListener("input", () => move(Number(range.value)));
  const stage = html("div", { class: "stage" }, [html("div", {}, [left, right, line])]);
  const picture = /** @type {HTMLElement} */ (stage.firstElementChild);
  const [l, t, r, b] = rows[state.before].boxes[state.picture];
  picture.style.aspectRatio = `${r - l} / ${b - t}`;
  picture.addEventListener("pointermove", ({ clientX }) => {
    const box = picture.getBoundingClientRect();
    move((100 * (clientX - box.left)) / box.width);
  });
  move(state.at);
  const told = [state.before, state.after].map((i) => html("span", {}, [`${rows[i].sampler}, ${difference(rows[i], i === reference)}`]));
  return html("div", { class: "slide" }, [html("div", { class: "lists" }, lists), stage, range, html("div", { class: "told" }, told)]);
}
