// @ts-check
/** The plot as a tree of SVG elements, made of numbers alone: [tag, attributes, children or text]. */

import { say } from "../say.js";
import { format, linear, log, span } from "../scale.js";

/**
 * @typedef {import("./words.js").Answer} Answer @typedef {import("./words.js").Levels} Levels
 * @typedef {"log" | "linear" | "snr"} Axis @typedef {"eta" | "s_noise" | "detail" | "cfg"} OverRun
 * @typedef {[string, Record<string, string | number>, (Tree[] | string)?]} Tree
 * @typedef {{width: number, height: number, axis: Axis, other?: Answer | null, at?: number | null, done?: number | null, ran?: Levels | null}} View
 * `done`: steps that a run has done by now; `ran`: levels that it has chosen by itself.
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 */

const GUTTER = 38;
const FOOT = 15;
const STRIP = 24;
const STRIPS = /** @type {(readonly OverRun[])[]} */ ([["eta", "s_noise"], ["detail"], ["cfg"]]);
const COLOURS = 6;
const ROW = 11;
/** Courses that are nearer than so many pixels everywhere look like one. */
const NEAR = 1.5;

/**
 * Everything that is drawn.
 * @param {Answer} answer @param {View} view size in CSS pixels; `at`: the step pointed at @returns {Tree[]}
 */
export function chart(answer, view) {
  const box = panel(answer, view);
  const steps = Math.max(1, answer.sigmas.length - 1);
  const x = linear(0, Math.max(steps, ...shown(answer, view).map(({ sigmas }) => sigmas.length - 1)), box.left, box.right, box.right / 60);
  const y = vertical(answer, view, box);
  /** @type {Tree[]} */
  const out = [...grid(x, y, box, view)];
  if (answer.noise) out.push(bars(answer, view, x, y, box));
  out.push(...courses(answer, view, x, y));
  if (answer.evaluations) out.push(evaluations(answer.evaluations, x, box));
  if (answer.switch !== null && answer.switch !== undefined) out.push(change(answer.switch, x, box));
  out.push(...strips(answer).flatMap((keys, i) => strip(answer, keys, x, { ...box, bottom: box.bottom + i * STRIP })));
  out.push(legend(answer, view, box));
  if (view.done !== null && view.done !== undefined) out.push(marker(view.done, x, box));
  if (view.at !== null && view.at !== undefined) out.push(pointer(answer, view, x, y, box));
  return out;
}

/** The courses that a plot has. @param {Answer} answer @returns {Levels[]} */
function lines(answer) {
  return answer.lines ?? [answer];
}

/** All courses that are drawn. @param {Answer} answer @param {View} view */
function shown(answer, view) {
  return [...lines(answer), ...(view.other ? lines(view.other) : []), ...(view.ran ? [view.ran] : [])];
}

/** All courses, each that lies on an earlier one dashed over it, so that both are seen. */
/** @param {Answer} answer @param {View} view @param {import("../scale.js").Scale} x @param {import("../scale.js").Scale} y @returns {Tree[]} */
function courses(answer, view, x, y) {
  const drawn = [
    ...lines(answer).map((line, i) => ({ line, kind: `main n${i % COLOURS}` })),
    ...(view.other ? lines(view.other).map((line) => ({ line, kind: "other" })) : []),
    ...(view.ran ? [{ line: view.ran, kind: "ran" }] : []),
  ];
  return drawn.map(({ line, kind }, i) => {
    const over = drawn.slice(0, i).some((before) => coincide(before.line, line, view.axis, y));
    return levels(line, view.axis, x, y, over ? `${kind} over` : kind);
  });
}

/** Whether two courses cannot be told apart. @param {Levels} one @param {Levels} two @param {Axis} axis @param {import("../scale.js").Scale} y */
function coincide(one, two, axis, y) {
  const [a, b] = [heights(one, axis), heights(two, axis)];
  const near = (/** @type {number | null} */ v, /** @type {number} */ i) => v === null || b[i] === null || Math.abs(y.to(v) - y.to(/** @type {number} */ (b[i]))) < NEAR;
  return a.length === b.length && a.every(near);
}

/** Where a run is that goes on. @param {number} done @param {import("../scale.js").Scale} x @param {Box} box @returns {Tree} */
function marker(done, x, box) {
  const at = px(x.to(done));
  return ["g", { class: "marker" }, [
    ["rect", { x: box.left, y: box.top, width: px(at - box.left), height: px(box.bottom - box.top) }],
    ["line", { x1: at, x2: at, y1: box.top, y2: px(box.bottom) }],
  ]];
}

/** The step under the pixel `px`, counted from 0. @param {Answer} answer @param {View} view @param {number} px */
export function stepAt(answer, view, px) {
  const box = panel(answer, view);
  const most = Math.max(...shown(answer, view).map(({ sigmas }) => sigmas.length)) - 1;
  const place = Math.floor(((px - box.left) / (box.right - box.left)) * most);
  return Math.max(0, Math.min(answer.sigmas.length - 2, place));
}

/** What is drawn below the curve, a strip each. @param {Answer} answer @returns {(readonly OverRun[])[]} */
function strips(answer) {
  return STRIPS.filter((keys) => keys.some((key) => answer[key]));
}

/** Where the curve is, the strips below and the step numbers left out. @param {Answer} answer @param {View} view */
function panel(answer, view) {
  const below = strips(answer).length * STRIP;
  return { left: GUTTER, right: view.width - 8, top: 8, bottom: Math.max(30, view.height - FOOT - below) };
}

/** @param {Levels} answer @param {Axis} axis @returns {(number | null)[]} */
function heights(answer, axis) {
  return axis === "snr" ? answer.log_snr : answer.sigmas;
}

/** The scale of the curves: noise is up in all three. @param {Answer} answer @param {View} view @param {Box} box */
function vertical(answer, view, box) {
  const all = shown(answer, view).flatMap((line) => heights(line, view.axis));
  const ticks = Math.max(2, (box.bottom - box.top) / 26);
  if (view.axis === "log") {
    const [low, high] = span(all.filter((v) => v !== null && v > 0), [0.1, 1]);
    const quiet = span((answer.noise ?? []).filter((v) => v > 0), [low, low])[0];
    const floor = Math.min(low, high / 2, Math.max(quiet, low / 10));
    return log(floor / (high / floor) ** 0.06, high, box.bottom, box.top, ticks);
  }
  const [low, high] = span(all);
  if (view.axis === "snr") return linear(low, high > low ? high : low + 1, box.top, box.bottom, ticks);
  return linear(0, high, box.bottom, box.top, ticks);
}

/** Fresh noise of each step, in sigma's own scale; beside log-SNR in one of its own. */
/** @param {Answer} answer @param {View} view @param {import("../scale.js").Scale} x @param {import("../scale.js").Scale} y @param {Box} box @returns {Tree} */
function bars(answer, view, x, y, box) {
  const noise = answer.noise ?? [];
  const scale = view.axis === "snr" ? linear(0, Math.max(...noise, 1e-9), box.bottom, box.top + 4) : y;
  const width = Math.max(1, (x.to(1) - x.to(0)) * 0.6);
  /** @type {Tree[]} */
  const drawn = noise.flatMap((value, i) => {
    const top = scale.to(value);
    if (!(value > 0) || !(box.bottom > top)) return [];
    return [["rect", { x: px(x.to(i + 0.5) - width / 2), y: px(top), width: px(width), height: px(box.bottom - top) }]];
  });
  return ["g", { class: "noise" }, drawn];
}

/** @param {Levels} answer @param {Axis} axis @param {import("../scale.js").Scale} x @param {import("../scale.js").Scale} y @param {string} kind @returns {Tree} */
function levels(answer, axis, x, y, kind) {
  const shown = heights(answer, axis)
    .map((value, i) => /** @type {[number, number | null]} */ ([i, value]))
    .filter(([, value]) => value !== null);
  const points = shown.map(([i, value]) => [px(x.to(i)), px(y.to(/** @type {number} */ (value)))]);
  /** @type {Tree[]} */
  const dots = x.to(1) - x.to(0) > 5 ? points.map(([cx, cy]) => ["circle", { cx, cy, r: 2 }]) : [];
  return ["g", { class: `levels ${kind}` }, [["polyline", { points: points.map((p) => p.join(",")).join(" ") }], ...dots]];
}

/** One tick an evaluation, at the foot of the curve. @param {number[]} counts @param {import("../scale.js").Scale} x @param {Box} box @returns {Tree} */
function evaluations(counts, x, box) {
  const d = counts
    .flatMap((count, i) => Array.from({ length: count }, (_, k) => x.to(i + (k + 0.5) / count)))
    .map((place) => `M${px(place)} ${px(box.bottom - 4)}v4`)
    .join("");
  return ["path", { class: "evaluations", d }];
}

/** Where the second model takes over. @param {number} step @param {import("../scale.js").Scale} x @param {Box} box @returns {Tree} */
function change(step, x, box) {
  const at = px(x.to(step));
  /** @type {Tree} */
  const name = ["text", { class: "label", x: at + 3, y: px(box.top + 16) }, "model_low"];
  return ["g", { class: "switch" }, [["line", { x1: at, x2: at, y1: box.top, y2: px(box.bottom) }], name]];
}

/** What changes over the run as steps, from 0, below the curve. @param {Answer} answer @param {readonly OverRun[]} keys @param {import("../scale.js").Scale} x @param {Box} box @returns {Tree[]} */
function strip(answer, keys, x, box) {
  const top = box.bottom + 5;
  const bottom = box.bottom + STRIP - 3;
  const all = keys.flatMap((key) => answer[key] ?? []).flatMap((value) => (value === null ? [] : [value]));
  const y = linear(Math.min(0, ...all), Math.max(keys[0] === "detail" ? 0.1 : 1, ...all), bottom, top);
  /** @type {Tree[]} */
  const out = [["line", { class: "grid", x1: box.left, x2: box.right, y1: px(y.to(0)), y2: px(y.to(0)) }]];
  keys.forEach((key, place) => {
    const values = answer[key];
    if (!values) return;
    const shift = keys.length > 1 ? 0.7 - 1.4 * place : 0;
    const d = values
      .map((v, i) => (v === null ? "" : `${i && values[i - 1] !== null ? "L" : "M"}${px(x.to(i))} ${px(y.to(v) + shift)}H${px(x.to(i + 1))}`))
      .join("");
    out.push(["path", { class: key, d }]);
    const at = place === 0 && keys.length > 1 ? top + 5 : bottom + 1;
    out.push(["text", { class: `label ${key}`, x: box.left - 4, y: px(at), "text-anchor": "end" }, key]);
  });
  return out;
}

/** @param {import("../scale.js").Scale} x @param {import("../scale.js").Scale} y @param {Box} box @param {View} view @returns {Tree[]} */
function grid(x, y, box, view) {
  /** @type {Tree[]} */
  const out = [];
  for (const tick of y.ticks) {
    const at = px(y.to(tick));
    out.push(["line", { class: "grid", x1: box.left, x2: box.right, y1: at, y2: at }]);
    out.push(["text", { class: "label", x: box.left - 4, y: at + 3, "text-anchor": "end" }, format(tick, 3)]);
  }
  for (const tick of x.ticks.filter((t) => Number.isInteger(t))) {
    out.push(["text", { class: "label", x: px(x.to(tick)), y: view.height - 4, "text-anchor": "middle" }, String(tick)]);
  }
  out.push(["text", { class: "label", x: box.left - 14, y: view.height - 4, "text-anchor": "end" }, say("step")]);
  out.push(["line", { class: "frame", x1: box.left, x2: box.right, y1: px(box.bottom), y2: px(box.bottom) }]);
  return out;
}

/** @param {Answer} answer @param {View} view @param {import("../scale.js").Scale} x @param {import("../scale.js").Scale} y @param {Box} box @returns {Tree} */
function pointer(answer, view, x, y, box) {
  const i = /** @type {number} */ (view.at);
  const values = heights(answer, view.axis);
  /** @type {Tree[]} */
  const drawn = [["rect", { x: px(x.to(i)), y: box.top, width: px(x.to(i + 1) - x.to(i)), height: px(box.bottom - box.top) }]];
  for (const k of [i, i + 1]) {
    const value = values[k];
    if (value !== null) drawn.push(["circle", { cx: px(x.to(k)), cy: px(y.to(value)), r: 3.5 }]);
  }
  return ["g", { class: "pointer" }, drawn];
}

/** What the colours mean, in the corner that the curves leave free. @param {Answer} answer @param {View} view @param {Box} box @returns {Tree} */
function legend(answer, view, box) {
  if (answer.lines) {
    const rows = answer.lines.map((line, i) => /** @type {Tree} */ (["tspan", { class: `main n${i % COLOURS}`, x: box.right, dy: i ? ROW : 0 }, `${line.schedule} ${line.sigmas.length - 1}`]));
    return ["text", { class: "label legend", x: box.right, y: box.top + 4, "text-anchor": "end" }, rows];
  }
  /** @type {[string, string][]} */
  const names = [["main", view.axis === "snr" ? say("noise left, as log-SNR") : say("noise left (σ)")]];
  if (view.other) names.push(["other", say("compared")]);
  if (answer.noise) names.push(["noise", say("fresh noise")]);
  if (answer.evaluations) names.push(["evaluations", say("| evaluation")]);
  if (view.ran) names.push(["ran", say("last run")]);
  const spans = names.map(([kind, text], i) => /** @type {Tree} */ (["tspan", { class: kind, dx: i ? 6 : 0 }, text]));
  const [first, last] = [answer.sigmas[0], answer.sigmas[answer.sigmas.length - 1]];
  const corner = last > first ? { x: box.left + 6, "text-anchor": "start" } : { x: box.right, "text-anchor": "end" };
  return ["text", { class: "label legend", y: box.top + 4, ...corner }, spans];
}

/** Tenths of a pixel are fine enough. @param {number} value */
function px(value) {
  return Math.round(value * 10) / 10;
}
