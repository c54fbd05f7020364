// @ts-check
/** A run while it goes on, and what it has done when it is over: pure functions, in seconds. */

import { say } from "../say.js";
import { format } from "../scale.js";

/**
 * What the server tells after a run of ours; `levels` only where the run chose its own, `negative` null where nothing is known.
 * @typedef {{steps: number, evaluations: number, seconds: number, rejected: number | null, negative: boolean | null, levels: import("./words.js").Levels | null}} Ran
 * `at` of `of` steps are done; `body` is the question whose answer was drawn when it began.
 * @typedef {{going: boolean, at: number, of: number, base: number, value: number, most: number, first: [number, number] | null, last: number, ran: Ran | null, body: string}} Going
 */

/** A run that begins. @param {string} body @param {number} of so many steps @returns {Going} */
export function begin(body, of) {
  return { going: true, at: 0, of, base: 0, value: 0, most: 0, first: null, last: 0, ran: null, body };
}

/** The host tells of step `value` of `most`; a node that runs in parts counts each from 1. @param {Going} run @param {number} value @param {number} most @param {number} now */
export function advance(run, value, most, now) {
  if (value < run.value || (run.most && most !== run.most)) run.base += run.most;
  if (run.base + value > run.of) run.base = 0;
  Object.assign(run, { value, most, last: now });
  run.at = Math.min(run.of, run.base + value);
  if (!run.first || run.at <= run.first[0]) run.first = [run.at, now];
}

/** What the node has done so far, its parts together. @param {Going} run @param {Ran} part */
export function done(run, part) {
  const { ran } = run;
  if (!ran) return void (run.ran = part);
  run.ran = { ...part, steps: ran.steps + part.steps, evaluations: ran.evaluations + part.evaluations, seconds: ran.seconds + part.seconds };
}

/** Seconds that a step takes; null before two are done. @param {Going} run */
export function pace({ first, last, at }) {
  return first && at > first[0] ? (last - first[1]) / (at - first[0]) : null;
}

/** The line while it goes on. @param {Going} run */
export function progress(run) {
  const a = pace(run);
  const parts = [say("Step {i} of {n}", { i: Math.min(run.at + 1, run.of), n: run.of })];
  if (a !== null) parts.push(say("{time} a step", { time: time(a) }), say("{time} left", { time: time(a * (run.of - run.at)) }));
  return parts.join(" · ");
}

/** What it has done; nothing where nothing is known. @param {Going} run */
export function account(run) {
  const { ran, of, at } = run;
  const a = pace(run);
  if (!ran && a === null) return "";
  const seconds = ran?.seconds ?? /** @type {number} */ (a) * of;
  const steps = ran?.steps ?? at;
  const parts = [steps === 1 ? say("1 step") : say("{n} steps", { n: steps })];
  if (ran) parts.push(ran.evaluations === 1 ? say("1 model evaluation") : say("{n} model evaluations", { n: ran.evaluations }));
  if (ran?.rejected) parts.push(say("{n} steps tried and rejected", { n: ran.rejected }));
  if (ran?.negative === false) parts.push(say("negative prompt skipped (cfg 1)"));
  parts.push(time(seconds));
  return say("Last run: {what}.", { what: parts.join(", ") });
}

/** A duration: 0.31 s, 8.4 s, 45 s, 3:20 min. @param {number} seconds */
export function time(seconds) {
  if (seconds < 99.5) return `${format(seconds, 2)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}
