// @ts-check
/** Follows runs: the plots of the node that samples show how far it is, and keep what it has done. */

import { declared } from "./declared.js";
import { advance, begin, done } from "./going.js";
import { api, inPrompt } from "../host.js";
import { plots } from "./others.js";
import { otherHalf } from "./question.js";
import { beside } from "./wires.js";

/** @typedef {import("./plot.js").Plot} Plot */

/** The node that runs what a plot shows: its own, or the one behind; none where it shows several runs. @param {Plot} plot @returns {any} */
function runner({ node, answer }) {
  const about = declared(node.type);
  if (!about || !answer || answer.lines || about.kept || answer.sigmas.length < 2) return null;
  const kind = otherHalf(about.makes);
  return kind ? beside(node, kind).runner : about.makes ? null : node;
}

/** The plots that show the run of the node with this id in a prompt. @param {unknown} id */
function shownBy(id) {
  const node = id === null || id === undefined ? null : inPrompt(id);
  return node ? [...plots].filter((plot) => runner(plot) === node) : [];
}

/** @param {{detail?: unknown}} event */
function executing({ detail }) {
  stopped();
  for (const plot of shownBy(detail)) {
    plot.run = begin(plot.answered, (plot.answer?.sigmas.length ?? 1) - 1);
    plot.soon();
  }
}

/** Nothing runs any more. */
function stopped() {
  for (const plot of plots) {
    if (!plot.run?.going) continue;
    plot.run.going = false;
    plot.soon();
  }
}

/** @param {{detail?: {node?: unknown, value: number, max: number}}} event */
function progressed({ detail }) {
  if (!detail) return;
  for (const plot of shownBy(detail.node)) {
    if (!plot.run?.going) continue;
    advance(plot.run, detail.value, detail.max, performance.now() / 1000);
    plot.soon();
  }
}

/** @param {{detail?: import("./going.js").Ran & {node?: unknown}}} event */
function ran({ detail }) {
  if (!detail) return;
  for (const plot of shownBy(detail.node)) {
    if (!plot.run) continue;
    done(plot.run, detail);
    plot.soon();
  }
}

/** Listen from now on. */
export function followRuns() {
  api.addEventListener("executing", executing);
  api.addEventListener("progress", progressed);
  api.addEventListener("sigmatic.ran", ran);
  for (const name of ["execution_error", "execution_interrupted"]) api.addEventListener(name, stopped);
}
