// @ts-check
/** Beside the curve editor: the chosen point by numbers, and shapes to begin with. */

import { say } from "../say.js";
import { html } from "../svg.js";

/** @typedef {import("./curve.js").Point} Point */

/** Two fields, the percent and the value of a point. @param {(point: Point) => void} put @returns {HTMLInputElement[]} */
export function fields(put) {
  const both = [say("Percent of the run"), say("Value")].map((label) =>
    /** @type {HTMLInputElement} */ (html("input", { type: "text", inputmode: "decimal", "aria-label": label, title: label })));
  const send = () => put([Number(both[0].value), Number(both[1].value)]);
  for (const field of both) {
    field.addEventListener("change", send);
    field.addEventListener("keydown", (event) => event.stopPropagation());
  }
  return both;
}

/** Show a point in its fields, or that there is none. @param {HTMLInputElement[]} both @param {Point | null} point */
export function tell(both, point) {
  both.forEach((field, i) => {
    field.hidden = !point;
    const text = point ? String(Number(point[i].toFixed(4))) : "";
    if (document.activeElement !== field && field.value !== text) field.value = text;
  });
}

/** What shapes are called. @returns {Record<string, string>} */
function titles() {
  return {
    "soft start": say("soft start"), "clean end": say("clean end"), burst: say("burst"), falling: say("falling"),
    "in the middle": say("in the middle"),
  };
}

/** A list of shapes to begin with. @param {Record<string, Point[]>} shapes @param {(points: Point[]) => void} take */
export function shapeList(shapes, take) {
  const names = [["", say("shapes")], ...Object.keys(shapes).map((name) => [name, titles()[name] ?? name])];
  const list = /** @type {HTMLSelectElement} */ (html("select", {
    "aria-label": say("Shapes to begin with"), title: say("Shapes to begin with"),
    change: () => { if (shapes[list.value]) take(shapes[list.value]); list.value = ""; },
  }, names.map(([value, text]) => html("option", { value }, [text]))));
  return list;
}
