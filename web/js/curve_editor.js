// @ts-check
/** An editor for curves, part of a node's plot: a drawing of the text widget that keeps the value. */

import { add, move, parse, remove, text, top, valueAt } from "./curve.js";
import { changed } from "./host.js";
import { format, linear } from "./scale.js";
import { drawing, html, paint } from "./svg.js";

/** @typedef {import("./curve.js").Point} Point @typedef {import("./host.js").LNode} LNode @typedef {import("./host.js").LWidget} LWidget */

/** Text widgets that are curves: the highest value that the drawing begins with. */
export const CURVES = /** @type {Record<string, number>} */ ({ eta_curve: 1, s_noise_curve: 1.2, points: 1 });
const EDGE = 8;
const LEFT = 26;
const TWICE = 400;

export class CurveEditor {
  /** @param {LWidget} widget the text */
  constructor(widget) {
    this.text = widget;
    this.least = CURVES[widget.name];
    /** @type {number | null} */
    this.held = null;
    this.chosen = 0;
    /** The point that was pressed last, and when: the browser knows no double click on what is drawn anew. */
    this.pressed = /** @type {number | null} */ (null);
    this.time = 0;
    this.svg = drawing();
    /** The value at the top of the drawing; it stays while a point is held. */
    this.most = this.least;
    this.label = html("div", { class: "says" });
    const clear = html("button", { type: "button", "aria-label": `Clear ${widget.name}`, click: () => this.write([]) }, ["clear"]);
    this.picture = html("div", { class: "picture", tabindex: 0, role: "application" }, [this.svg]);
    this.element = html("div", { class: "curve" }, [this.picture, html("div", { class: "foot" }, [this.label, clear])]);
    this.listen();
  }

  listen() {
    const { picture } = this;
    picture.addEventListener("pointerdown", (event) => this.press(event));
    picture.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) picture.addEventListener(name, () => this.release());
    picture.addEventListener("contextmenu", (event) => this.drop(event));
    picture.addEventListener("keydown", (event) => this.key(event));
  }

  /** The points of the text; null if it is no curve. @returns {Point[] | null} */
  get points() {
    return parse(String(this.text.value ?? ""));
  }

  /** @param {Point[]} points */
  write(points) {
    this.text.value = text(points);
    this.text.callback?.(this.text.value);
    if (this.held === null) changed();
  }

  frame() {
    const { clientWidth: width, clientHeight: height } = this.picture;
    if (this.held === null) this.most = top(this.points ?? [], this.least);
    const { most } = this;
    return { width, height, most, x: linear(0, 100, LEFT, width - EDGE), y: linear(0, most, height - EDGE, EDGE) };
  }

  /** The place of an event in percent and value. @param {MouseEvent} event @returns {{point: Point, near: number | null}} */
  where(event) {
    const { width, height, most, x, y } = this.frame();
    const box = this.picture.getBoundingClientRect();
    const px = ((event.clientX - box.left) / box.width) * width;
    const py = ((event.clientY - box.top) / box.height) * height;
    const gaps = (this.points ?? []).map(([place, value]) => Math.hypot(x.to(place) - px, y.to(value) - py));
    const near = gaps.length ? gaps.indexOf(Math.min(...gaps)) : null;
    const place = Math.round(((px - LEFT) / (width - LEFT - EDGE)) * 100);
    const value = Math.round(((height - EDGE - py) / (height - 2 * EDGE)) * most * 100) / 100;
    return { point: [place, value], near: near !== null && gaps[near] < 9 ? near : null };
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return;
    const { point, near } = this.where(event);
    /** @type {Point[]} */
    const points = this.points ?? [];
    const again = near !== null && near === this.pressed && event.timeStamp - this.time < TWICE;
    [this.pressed, this.time] = [near, event.timeStamp];
    if (again) return this.write(remove(points, near));
    this.picture.setPointerCapture(event.pointerId);
    if (near === null) {
      const [more, i] = add(points, point);
      this.held = this.chosen = i;
      this.write(more);
    } else this.held = this.chosen = near;
    this.draw();
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (this.held === null || !this.points) return;
    const { point } = this.where(event);
    this.pressed = null;
    this.write(move(this.points, this.held, point, this.most));
  }

  release() {
    if (this.held === null) return;
    this.held = null;
    changed();
    this.draw();
  }

  /** Take the point under the mouse away. @param {MouseEvent} event */
  drop(event) {
    event.preventDefault();
    event.stopPropagation();
    const { near } = this.where(event);
    if (near !== null) this.write(remove(this.points ?? [], near));
  }

  /** Arrows move the chosen point, Tab-like , and . choose, + adds, Delete removes. @param {KeyboardEvent} event */
  key(event) {
    /** @type {Point[]} */
    const points = this.points ?? [];
    const i = Math.min(this.chosen, points.length - 1);
    const [dx, dy] = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] })[event.key] ?? [0, 0];
    const fine = event.shiftKey ? 5 : 1;
    if ((dx || dy) && i >= 0) this.write(move(points, i, [points[i][0] + dx * fine, points[i][1] + (dy * fine * (this.most)) / 50], 100));
    else if (event.key === "," || event.key === ".") this.chosen = (i + (event.key === "." ? 1 : points.length - 1)) % Math.max(1, points.length);
    else if (event.key === "+" || event.key === "Enter") this.insert(points, i);
    else if ((event.key === "Delete" || event.key === "Backspace") && i >= 0) this.write(remove(points, i));
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  /** A new point half-way to the next one; the first two make a line at 1. @param {Point[]} points @param {number} i */
  insert(points, i) {
    if (!points.length) return this.write([[0, 1], [100, 1]]);
    const next = points[i + 1]?.[0] ?? 100;
    const place = (points[i][0] + next) / 2;
    const [more, at] = add(points, [place, valueAt(points, place)]);
    this.chosen = at;
    this.write(more);
  }

  draw() {
    const { width, height, most, x, y } = this.frame();
    if (!width || !height) return;
    const { points } = this;
    this.chosen = Math.min(this.chosen, Math.max(0, (points ?? []).length - 1));
    paint(this.svg, shapes(points ?? [], x, y, most, this.chosen), width, height);
    const { name } = this.text;
    this.element.classList.toggle("wrong", points === null);
    const now = points?.[this.chosen];
    const says = !points ? `${name}: this text is no curve.` : now ? `${name}: ${format(now[0], 4)}% is ${format(now[1], 4)}` : `${name}: none. Click to draw one.`;
    this.label.textContent = says;
    const help = "Arrow keys move a point, comma and full stop choose one, plus adds, delete removes.";
    this.picture.setAttribute("aria-label", `${says} ${points?.length ?? 0} points. ${help}`);
    this.picture.title = "Click: a new point. Drag: move. Right or double click: remove. Keys: arrows, comma, full stop, +, delete.";
  }
}

/** @param {Point[]} points @param {import("./scale.js").Scale} x @param {import("./scale.js").Scale} y @param {number} most @param {number} chosen @returns {import("./chart.js").Tree[]} */
function shapes(points, x, y, most, chosen) {
  /** @type {import("./chart.js").Tree[]} */
  const out = [0, most / 2, most].map((v) => ["line", { class: "grid", x1: x.to(0), x2: x.to(100), y1: y.to(v), y2: y.to(v) }]);
  for (const v of [0, most]) out.push(["text", { class: "label", x: LEFT - 8, y: y.to(v) + 3, "text-anchor": "end" }, format(v, 3)]);
  if (!points.length) return out;
  const line = [[0, points[0][1]], ...points, [100, points[points.length - 1][1]]].map(([px, v]) => `${x.to(px)},${y.to(v)}`).join(" ");
  out.push(["g", { class: "levels own" }, [["polyline", { points: line }]]]);
  points.forEach(([px, v], i) => out.push(["circle", { class: i === chosen ? "knob chosen" : "knob", cx: x.to(px), cy: y.to(v), r: 4.5 }]));
  return out;
}
