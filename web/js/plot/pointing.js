// @ts-check
/** Pointing at a step of a plot, by mouse and by arrow keys. */

import { stepAt } from "./chart.js";

/** Let people point. @param {import("./plot.js").Plot} plot */
export function pointing(plot) {
  plot.picture.addEventListener("pointermove", (event) => point(plot, event));
  plot.picture.addEventListener("pointerleave", () => pointAt(plot, null));
  plot.element.addEventListener("keydown", (event) => key(plot, event));
}

/** The plot's answer, if it has steps to point at: one run, not several laid over each other. @param {import("./plot.js").Plot} plot */
function steps({ answer }) {
  return answer && !answer.lines && answer.sigmas.length > 1 ? answer : null;
}

/** @param {import("./plot.js").Plot} plot @param {number | null} at the step pointed at */
function pointAt(plot, at) {
  if (at === plot.at) return;
  plot.at = at;
  plot.paint();
}

/** @param {import("./plot.js").Plot} plot @param {PointerEvent} event */
function point(plot, event) {
  const box = plot.picture.getBoundingClientRect();
  const answer = steps(plot);
  if (!answer || !box.width) return;
  pointAt(plot, stepAt(answer, plot.view(), ((event.clientX - box.left) / box.width) * plot.picture.clientWidth));
}

/** Arrow keys walk through the steps, Escape stops. @param {import("./plot.js").Plot} plot @param {KeyboardEvent} event */
function key(plot, event) {
  const answer = steps(plot);
  if (event.target !== plot.element || !answer) return;
  const last = answer.sigmas.length - 2;
  const now = plot.at ?? -1;
  const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: last }[event.key];
  if (event.key !== "Escape" && to === undefined) return;
  event.stopPropagation();
  event.preventDefault();
  pointAt(plot, to === undefined ? null : Math.max(0, Math.min(last, to)));
}
