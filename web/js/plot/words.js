// @ts-check
/** What a plot shows, in words: for people who cannot see it, for the line under it, and to be copied as text. */

import { say } from "../say.js";
import { format } from "../scale.js";

/**
 * What POST /sigmatic/table answers: levels (n + 1), the model's range, the rest per step (n) or null where the node has
 * none; several runs laid over each other are lines.
 * @typedef {{sigmas: number[], log_snr: (number | null)[]}} Levels
 * @typedef {Levels & {schedule: string, samplers: string[]}} Line
 * @typedef {import("../say.js").Message} Message
 * @typedef {Levels & {
 *   range: [number, number], names: {sampler: string, schedule: string}, assumes: Message[], notes: Message[],
 *   warnings?: string[], recipe?: import("./recipe.js").Recipe | null,
 *   evaluations: number[] | null, noise: number[] | null, eta: number[] | null, s_noise: number[] | null,
 *   detail?: number[] | null, cfg?: (number | null)[] | null, lines: Line[] | null, switch?: number | null,
 * }} Answer
 */

/** Digits of numbers that are pointed at; copied, they have all. */
const FEW = 3;

/** The run in one sentence. @param {Answer} answer */
export function summary(answer) {
  return course(answer, runName(answer));
}

/** @param {Answer} answer @param {string} name of the run; "": without one */
function course(answer, name) {
  const { sigmas, lines, noise, evaluations } = answer;
  if (lines) return lines.length ? `${lines.map(lineName).join("; ")}.` : say("There is nothing to draw.");
  if (sigmas.length < 2) return say("Nothing to do: the latent is handed on as it is.");
  const parts = [stepCount(sigmas.length - 1)];
  if (evaluations) {
    const n = evaluations.reduce((sum, one) => sum + one, 0);
    parts.push(n === 1 ? say("1 model evaluation") : say("{n} model evaluations", { n }));
  }
  parts.push(say("sigma {from} to {to}", { from: format(sigmas[0], 4), to: format(sigmas[sigmas.length - 1], 4) }));
  const noisy = noise?.filter((value) => value > 0).length;
  if (noisy) parts.push(say("fresh noise in {n} of {all} steps", { n: noisy, all: sigmas.length - 1 }));
  else if (noise) parts.push(say("no fresh noise"));
  return `${name ? `${name}: ` : ""}${parts.join(", ")}.`;
}

/** @param {Answer} answer */
function runName({ names }) {
  const schedule = names.schedule || say("the sigmas");
  return names.sampler ? say("{sampler} on {schedule}", { sampler: names.sampler, schedule }) : schedule;
}

/** @param {number} n */
function stepCount(n) {
  return n === 1 ? say("1 step") : say("{n} steps", { n });
}

/** A line's schedule and the samplers that run it. @param {Line} line */
function lineName({ schedule, sigmas, samplers }) {
  return `${schedule}, ${stepCount(sigmas.length - 1)}: ${samplers.join(", ")}`;
}

/** What the server says beside the numbers. @param {Message[]} messages */
function sentences(messages) {
  return messages.map(([text, values]) => say(text, values));
}

/**
 * The description that assistive technology reads.
 * @param {Answer} answer @param {string[]} [linked] names of linked widgets @param {Answer | null} [other] compared with
 */
export function description(answer, linked = [], other = null) {
  const parts = [summary(answer)];
  for (const [name, key] of /** @type {const} */ ([[say("Noise per step"), "noise"], ["eta", "eta"], ["s_noise", "s_noise"], ["detail", "detail"], ["cfg", "cfg"]])) {
    const values = answer[key]?.flatMap((value) => (value === null ? [] : [value]));
    if (values?.length) parts.push(`${name} ${range(values)}.`);
  }
  parts.push(...sentences(answer.notes), ...assumptions(answer, linked));
  if (other) parts.push(say("Compared with {run}", { run: summary(other) }));
  return parts.join(" ");
}

/** The line under the plot: without the names that the node's widgets show, and the warnings. @param {Answer} answer @param {string[]} linked @param {Answer | null} other */
export function caption(answer, linked, other) {
  const dashed = other ? [say("Dashed: {run}", { run: summary(other) })] : [];
  const { sampler } = answer.names;
  const known = sampler.includes("(") ? sampler : ""; // what sig_auto stands for, no widget shows
  const notes = answer.notes.filter(([text]) => !answer.warnings?.includes(text));
  return [course(answer, known), ...dashed, ...sentences(notes), ...assumptions(answer, linked)].join(" ");
}

/** A sentence of the server without values, such as a summary. @param {string} text */
export function ofServer(text) {
  return say(text);
}

/** What ought to be changed, with the way out. @param {Answer} answer @returns {string[]} */
export function warned({ warnings = [] }) {
  return warnings.map((one) => say(one)).map((one) => one.charAt(0).toUpperCase() + one.slice(1));
}

/** What the plot takes for granted. @param {Answer} answer @param {string[]} linked @returns {string[]} */
export function assumptions(answer, linked) {
  const drawn = linked.length ? [say("Linked, so drawn with the widget's own value: {names}.", { names: linked.join(", ") })] : [];
  return [...sentences(answer.assumes), ...drawn];
}

/** @param {number[]} values */
function range(values) {
  const [from, to] = [format(Math.min(...values), 4), format(Math.max(...values), 4)];
  return from === to ? from : say("{from} to {to}", { from, to });
}

/**
 * The numbers of step `i`, counted from 0.
 * @param {Answer} answer @param {number} i
 */
export function atStep(answer, i) {
  const { sigmas, log_snr: snr } = answer;
  const parts = [
    say("Step {i} of {n}", { i: i + 1, n: sigmas.length - 1 }),
    `σ ${format(sigmas[i], FEW)} → ${format(sigmas[i + 1], FEW)}`,
    say("noise left {from} % to {to} %", { from: left(signed(snr, sigmas, i)), to: left(signed(snr, sigmas, i + 1)) }),
    `log-SNR ${format(signed(snr, sigmas, i), FEW)} → ${format(signed(snr, sigmas, i + 1), FEW)}`,
  ];
  if (answer.evaluations) parts.push(answer.evaluations[i] === 1 ? say("1 evaluation") : say("{n} evaluations", { n: answer.evaluations[i] }));
  if (answer.noise) parts.push(say("fresh noise {value}", { value: format(answer.noise[i], FEW) }));
  if (answer.eta) parts.push(`eta ${format(answer.eta[i], FEW)}`);
  if (answer.s_noise) parts.push(`s_noise ${format(answer.s_noise[i], FEW)}`);
  if (answer.detail) parts.push(`detail ${format(answer.detail[i], FEW)}`);
  const scale = answer.cfg?.[i];
  if (scale !== null && scale !== undefined) parts.push(`cfg ${format(scale, FEW)}`);
  return parts.join(" · ");
}

/** The share of noise in the picture, in percent, at a log-SNR. @param {number} snr */
function left(snr) {
  return format(100 / (1 + Math.exp(snr)), FEW);
}

/** The run in a sentence, and its steps in columns that stand below each other. @param {Answer} answer */
export function table(answer) {
  const { sigmas, noise, evaluations } = answer;
  const names = [say("step"), "σ", "→ σ", ...(noise ? [say("fresh noise")] : []), ...(evaluations ? [say("evaluations")] : [])];
  const rows = sigmas.slice(1).map((next, i) => [String(i + 1), format(sigmas[i], 4), format(next, 4), ...(noise ? [format(noise[i], FEW)] : []), ...(evaluations ? [String(evaluations[i])] : [])]);
  const widths = names.map((name, k) => Math.max(name.length, ...rows.map((row) => row[k].length)));
  const lined = [names, ...rows].map((row) => row.map((text, k) => text.padStart(widths[k])).join("  "));
  return [summary(answer), ...warned(answer), ...sentences(answer.notes.filter(([text]) => !answer.warnings?.includes(text))), "", ...lined].join("\n");
}

/** @param {(number | null)[]} snr @param {number[]} sigmas @param {number} i */
function signed(snr, sigmas, i) {
  return snr[i] ?? (sigmas[i] > 0 ? -Infinity : Infinity);
}

/**
 * The whole plot as a table with tabs, to be pasted into a spreadsheet or a report.
 * @param {Answer} answer @param {string[]} [linked]
 */
export function asText(answer, linked = []) {
  /** @type {[string, (number | null)[] | null][]} */
  const one = [
    ["sigma", answer.sigmas],
    ["log_snr", answer.log_snr],
    ["evaluations", answer.evaluations],
    ["noise", answer.noise],
    ["eta", answer.eta],
    ["s_noise", answer.s_noise],
    ["detail", answer.detail ?? null],
    ["cfg", answer.cfg ?? null],
  ];
  /** @type {[string, (number | null)[] | null][] | undefined} */
  const several = answer.lines?.map(({ schedule, sigmas }) => [`${schedule} ${sigmas.length - 1}`, sigmas]);
  const there = (several ?? one).filter(([, values]) => values);
  const longest = Math.max(0, ...there.map(([, values]) => values?.length ?? 0));
  const lines = Array.from({ length: longest }, (_, i) => [i, ...there.map(([, values]) => values?.[i] ?? "")].join("\t"));
  const about = [summary(answer), ...sentences(answer.notes), ...assumptions(answer, linked)].map((line) => `# ${line}`);
  return [...about, ["step", ...there.map(([name]) => name)].join("\t"), ...lines, ""].join("\n");
}
