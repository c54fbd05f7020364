// @ts-check
/** Widgets of our nodes: numbers with all their digits, numbers that a curve has taken the place of. */

import { chain, setOptions } from "./host.js";
import { digits } from "./scale.js";
import { say } from "./say.js";

/** @typedef {import("./host.js").LWidget} LWidget */

const MOST = 6;
/** Widgets that are lists, one entry a line; how many of them are shown, and how high one is. */
const LISTS = ["entries", "axes"];
const [LEAST, TALLEST, LINE] = [4, 14, 14];

/** Keep a node's widgets up with their values, now and after every change. @param {any} node */
export function tend(node) {
  if (!String(node.constructor.comfyClass ?? "").startsWith("Sigmatic")) return;
  const widgets = /** @type {LWidget[]} */ (node.widgets ?? []);
  const look = () => widgets.forEach((widget) => { precise(widget); tall(widget); overridden(widget, widgets); });
  for (const widget of widgets) {
    if (typeof widget.value === "number" && widget.options?.round) setOptions(widget, { round: 0 }); // whatever the definition says, the page rounds
    chain(widget, "callback", look);
  }
  chain(node, "onConfigure", look);
  look();
}

/** Show as many digits as the value has: the page rounds to those of the step. @param {LWidget} widget */
function precise(widget) {
  const { options, value } = widget;
  if (typeof value !== "number" || typeof options?.precision !== "number") return;
  options.least ??= options.precision;
  const wanted = Math.max(options.least, Math.min(MOST, digits(Number(value.toFixed(MOST))))); // a drag leaves a trace in the last ones
  if (wanted !== options.precision) setOptions(widget, { precision: wanted });
}

/** Show a list's lines, as many as it has within reason. @param {LWidget} widget */
function tall(widget) {
  if (!LISTS.includes(widget.name) || !widget.options) return;
  const lines = String(widget.value ?? "").split("\n").length;
  widget.options.getMinHeight = () => LINE * Math.max(LEAST, Math.min(TALLEST, lines)) + LINE;
}

/** Say on a number that its curve is drawn and wins over it. @param {LWidget} widget @param {LWidget[]} widgets of its node */
function overridden(widget, widgets) {
  const curve = widgets.find(({ name }) => name === `${widget.name}_curve`);
  if (!curve) return;
  const drawn = Boolean(String(curve.value ?? "").trim());
  const it = /** @type {any} */ (widget);
  if (drawn === Boolean(it.sigmaticCurve)) return;
  if (drawn) it.sigmaticLabel = it.label;
  it.sigmaticCurve = drawn;
  it.label = drawn ? say("{name}: curve", { name: widget.name }) : it.sigmaticLabel;
  it.disabled = drawn;
  setOptions(widget, { disabled: drawn });
}
