// @ts-check
/** An editor for curves, part of a node's plot: a drawing of the text widget that keeps the value. */

import * as curve from "./curve.js";
import * as drawn from "./drawn.js";
import { fields, shapeList, tell } from "./fields.js";
import { detail, scales } from "./over_run.js";
import { changed } from "../host.js";
import { say } from "../say.js";
import { format, linear } from "../scale.js";
import { drawing, html, paint } from "../svg.js";

/**
 * @typedef {import("./curve.js").Point} Point @typedef {import("../host.js").LNode} LNode @typedef {import("../host.js").LWidget} LWidget
 * @typedef {{sigmas: number[], range: [number, number]} | null} Known of the run that is drawn above
 */

/** Text widgets that are curves: what their text means, and the values that the drawing begins with (a schedule: the model's). */
export const CURVES = /** @type {Record<string, {kind: typeof curve | typeof drawn | typeof detail | typeof scales, range?: [number, number]}>} */ ({
  eta_curve: { kind: curve, range: [0, 1.5] },
  s_noise_curve: { kind: curve, range: [0, 1.5] },
  detail: { kind: detail, range: [0, 0.2] },
  cfg_curve: { kind: scales, range: [0, 10] },
  points: { kind: drawn },
});
const EDGE = 8;
/** Room below the drawing, for the percents. */
const FOOT = 18;
const LEFT = 38;
const TWICE = 400;

export class CurveEditor {
  /** @param {LNode} node @param {LWidget} widget the text @param {() => Known} known */
  constructor(node, widget, known) {
    this.node = node;
    this.text = widget;
    this.known = known;
    this.kind = CURVES[widget.name].kind;
    /** @type {number | null} */
    this.held = null;
    this.chosen = 0;
    /** The point that was pressed last, and when: the browser knows no double click on what is drawn anew. */
    this.pressed = /** @type {number | null} */ (null);
    this.time = 0;
    this.svg = drawing();
    /** The least and the most of the drawing; they stay while a point is held. */
    this.shown = this.kind.frame([], this.range);
    this.label = html("div", { class: "says" });
    const clear = html("button", { type: "button", "aria-label": say("Clear {name}", { name: widget.name }), click: () => this.write([]) }, [say("clear")]);
    this.picture = html("div", { class: "picture", tabindex: 0, role: "application" }, [this.svg]);
    this.fields = fields((point) => this.put(point));
    const shapes = "SHAPES" in this.kind ? [shapeList(this.kind.SHAPES, (points) => this.write(points))] : [];
    const foot = html("div", { class: "foot" }, [this.label, ...this.fields, ...shapes, clear]);
    this.element = html("div", { class: `curve ${widget.name}` }, [this.picture, foot]);
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
    return this.kind.parse(String(this.text.value ?? ""));
  }

  get range() {
    return CURVES[this.text.name].range ?? this.known()?.range ?? [0.03, 14.6];
  }

  /** What a curve that is begun starts from: a schedule has both its ends, from the run that is drawn. */
  begun() {
    return this.kind.first(this.known()?.sigmas ?? []);
  }

  /** @param {Point[]} points */
  write(points) {
    this.set(this.text, this.kind.text(points, String(this.text.value ?? "")));
    const schedule = this.kind === drawn && points.length ? this.node.widgets?.find(({ name }) => name === "schedule") : null;
    if (schedule && !/^sig_(my_|drawn$)/.test(schedule.value)) this.set(schedule, drawn.SCHEDULE);
    if (this.held === null) changed();
  }

  /** @param {LWidget} widget @param {string} value */
  set(widget, value) {
    widget.value = value;
    widget.callback?.(value);
  }

  frame() {
    const { clientWidth: width, clientHeight: height } = this.picture;
    if (this.held === null) this.shown = this.kind.frame(this.points ?? [], this.range);
    const [low, high] = this.shown;
    return { width, height, x: linear(0, 100, LEFT, width - EDGE), y: this.kind.scale(low, high, height - FOOT, EDGE) };
  }

  /** The place of an event in percent and value. @param {MouseEvent} event @returns {{point: Point, near: number | null}} */
  where(event) {
    const { width, height, x, y } = this.frame();
    const box = this.picture.getBoundingClientRect();
    const px = ((event.clientX - box.left) / box.width) * width;
    const py = ((event.clientY - box.top) / box.height) * height;
    const gaps = (this.points ?? []).map(([place, value]) => Math.hypot(x.to(place) - px, y.to(value) - py));
    const near = gaps.length ? gaps.indexOf(Math.min(...gaps)) : null;
    return { point: [Math.round(x.of(px)), this.kind.round(y.of(py))], near: near !== null && gaps[near] < 9 ? near : null };
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return;
    const { point, near } = this.where(event);
    /** @type {Point[]} */
    const points = this.points ?? [];
    const again = near !== null && near === this.pressed && event.timeStamp - this.time < TWICE;
    [this.pressed, this.time] = [near, event.timeStamp];
    if (again) return this.write(this.kind.remove(points, near));
    this.picture.setPointerCapture(event.pointerId);
    if (near === null) {
      const [more, i] = this.kind.add(points.length || !this.kind.WHOLE ? points : this.begun(), point);
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
    this.write(this.kind.move(this.points, this.held, point, this.shown));
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
    if (near !== null) this.write(this.kind.remove(this.points ?? [], near));
  }

  /** Arrows move the chosen point, Tab-like , and . choose, + adds, Delete removes. @param {KeyboardEvent} event */
  key(event) {
    /** @type {Point[]} */
    const points = this.points ?? [];
    const i = Math.min(this.chosen, points.length - 1);
    const [dx, dy] = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] })[event.key] ?? [0, 0];
    const fine = event.shiftKey ? 5 : 1;
    if ((dx || dy) && i >= 0) this.nudge(points, i, dx * fine, dy * fine);
    else if (event.key === "," || event.key === ".") this.chosen = (i + (event.key === "." ? 1 : points.length - 1)) % Math.max(1, points.length);
    else if (event.key === "+" || event.key === "Enter") this.insert(points, i);
    else if ((event.key === "Delete" || event.key === "Backspace") && i >= 0) this.write(this.kind.remove(points, i));
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  /** Put the chosen point where its fields say. @param {Point} point */
  put([place, value]) {
    const { points } = this;
    if (!points?.[this.chosen] || ![place, value].every(Number.isFinite)) return;
    const [low, high] = this.shown;
    this.write(this.kind.move(points, this.chosen, [place, value], [this.kind.WHOLE ? low : Math.min(0, value), Math.max(high, this.kind.HIGHEST)]));
    this.draw();
  }

  /** Move a point by percents and by fiftieths of the height. @param {Point[]} points @param {number} i @param {number} dx @param {number} dy */
  nudge(points, i, dx, dy) {
    const { height, y } = this.frame();
    const [low, high] = this.shown;
    const by = (dy * (height - FOOT - EDGE)) / 50;
    const to = this.kind.WHOLE ? y.of(y.to(points[i][1]) - by) : curve.nudge(points[i][1], dy, high);
    this.write(this.kind.move(points, i, [points[i][0] + dx, to], [low, Math.max(high, this.kind.HIGHEST)]));
  }

  /** A new point half-way to the next one; without any, a curve to begin with. @param {Point[]} points @param {number} i */
  insert(points, i) {
    if (!points.length) return this.write(this.begun());
    const from = this.kind.WHOLE ? Math.min(i, points.length - 2) : i;
    const place = (points[from][0] + (points[from + 1]?.[0] ?? 100)) / 2;
    const [more, at] = this.kind.add(points, [place, this.kind.valueAt(points, place)]);
    this.chosen = at;
    this.write(more);
  }

  draw() {
    const { width, height, x, y } = this.frame();
    if (!width || !height) return;
    const { points } = this;
    this.chosen = Math.min(this.chosen, Math.max(0, (points ?? []).length - 1));
    paint(this.svg, shapes(points ?? [], x, y, this.shown, this.chosen), width, height);
    const { name } = this.text;
    this.element.classList.toggle("wrong", points === null);
    const now = points?.[this.chosen];
    const says = !points
      ? say("{name}: this text is no curve.", { name })
      : now
        ? say("{name}: {place}% is {value}", { name, place: format(now[0], 4), value: format(now[1], 4) })
        : say("{name}: none. Click to draw one.", { name });
    this.label.textContent = says;
    tell(this.fields, now ?? null);
    const help = say("Arrow keys move a point, comma and full stop choose one, plus adds, delete removes.");
    this.picture.setAttribute("aria-label", `${says} ${say("{n} points.", { n: points?.length ?? 0 })} ${help}`);
    this.picture.title = say("Click: a new point. Drag: move. Right or double click: remove. Keys: arrows, comma, full stop, +, delete.");
  }
}

/** @param {Point[]} points @param {import("../scale.js").Scale} x @param {import("../scale.js").Scale} y @param {[number, number]} shown @param {number} chosen @returns {import("../plot/chart.js").Tree[]} */
function shapes(points, x, y, [low, high], chosen) {
  const middle = y.of((y.to(low) + y.to(high)) / 2);
  /** @type {import("../plot/chart.js").Tree[]} */
  const out = [low, middle, high].map((v) => ["line", { class: "grid", x1: x.to(0), x2: x.to(100), y1: y.to(v), y2: y.to(v) }]);
  for (const v of [low, high]) out.push(["text", { class: "label", x: LEFT - 8, y: y.to(v) + 3, "text-anchor": "end" }, format(v, v < 1 ? 2 : 3)]);
  for (const percent of [0, 25, 50, 75, 100]) out.push(["text", { class: "label", x: x.to(percent), y: y.to(low) + 13, "text-anchor": percent === 100 ? "end" : "middle" }, `${percent} %`]);
  if (!points.length) return out;
  const line = [[0, points[0][1]], ...points, [100, points[points.length - 1][1]]].map(([px, v]) => `${x.to(px)},${y.to(v)}`).join(" ");
  out.push(["g", { class: "levels main" }, [["polyline", { points: line }]]]);
  points.forEach(([px, v], i) => out.push(["circle", { class: i === chosen ? "knob chosen" : "knob", cx: x.to(px), cy: y.to(v), r: 4.5 }]));
  return out;
}
