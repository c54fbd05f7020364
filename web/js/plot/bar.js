// @ts-check
/** The row of choices and buttons above a plot. */

import { say } from "../say.js";
import { html } from "../svg.js";

/** @typedef {import("./chart.js").Axis} Axis */

const SHIFTS = [1, 1.73, 3, 3.16, 5, 7, 8, 12];

/** @returns {[Axis, string][]} */
function axes() {
  return [["log", say("noise, log scale")], ["linear", say("noise, even scale")], ["snr", say("noise as log-SNR")]];
}

/** @returns {[string, string][]} */
function models() {
  return [
    ["", say("auto")],
    ['{"kind":"sd"}', "SD 1, 2, XL"],
    ['{"kind":"zsnr"}', say("v, zero SNR")],
    ['{"kind":"edm"}', "EDM"],
    ...SHIFTS.map((shift) => /** @type {[string, string]} */ ([`{"kind":"flow","shift":${shift}}`, say("flow {shift}", { shift })])),
  ];
}

/** What the row is told to do. */
/** @typedef {{choose: (change: Record<string, string>) => void, list: () => void, picture: () => void, text: () => void}} Deeds */

/** The row and its lists. @param {Deeds} deeds @param {string[]} curves names of the node's curve widgets @param {HTMLElement} last button */
export function bar(deeds, curves, last) {
  const select = (/** @type {string} */ label, /** @type {string} */ key) =>
    /** @type {HTMLSelectElement} */ (html("select", {
      "aria-label": label, title: label,
      change: (/** @type {any} */ event) => deeds.choose({ [key]: event.target.value }),
    }));
  const axis = select(say("Axis of the plot"), "axis");
  const model = select(say("Model that the plot assumes (flow: with its shift)"), "model");
  const other = select(say("Compare with another node"), "other");
  const curve = select(say("Curve to draw"), "curve");
  fill(curve, [["", say("curve")], ...curves.map((name) => /** @type {[string, string]} */ ([name, name === "points" ? say("points") : name.replace("_curve", "")]))]);
  curve.hidden = !curves.length;
  fill(axis, axes());
  fill(model, models());
  for (const name of ["pointerdown", "focus"]) other.addEventListener(name, deeds.list);
  const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ click) =>
    html("button", { type: "button", "aria-label": label, title: label, click }, [text]);
  const element = html("div", { class: "bar" }, [
    axis, model, other, curve,
    button("PNG", say("Copy the plot as a picture"), deeds.picture),
    button(say("text"), say("Copy the plot as text"), deeds.text),
    last,
  ]);
  return { element, axis, model, other, curve };
}

/** Put options into a list, if they are not there already; the chosen one stays chosen. */
/** @param {HTMLSelectElement} select @param {[string, string][]} options */
export function fill(select, options) {
  const now = JSON.stringify(options);
  if (select.dataset.options === now) return;
  select.dataset.options = now;
  const { value } = select;
  select.replaceChildren(...options.map(([key, text]) => html("option", { value: key }, [text])));
  select.value = value;
}
