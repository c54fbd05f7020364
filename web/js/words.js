// @ts-check
/** What a plot shows, in words: for people who cannot see it, for the line under it, and to be copied as text. */

import { format } from "./scale.js";

/**
 * What POST /sigmatic/table answers: levels (n + 1), the model's range, the rest per step (n) or null where the node has none.
 * @typedef {{
 *   sigmas: number[], range: [number, number], log_snr: (number | null)[], summary: string, assumes: string[], notes: string[],
 *   evaluations: number[] | null, noise: number[] | null, eta: number[] | null, s_noise: number[] | null,
 * }} Answer
 */

/**
 * The description that assistive technology reads.
 * @param {Answer} answer @param {string[]} [linked] names of linked widgets @param {Answer | null} [other] compared with
 */
export function description(answer, linked = [], other = null) {
  const parts = [answer.summary];
  for (const [name, key] of /** @type {const} */ ([["Noise per step", "noise"], ["eta", "eta"], ["s_noise", "s_noise"]])) {
    const values = answer[key];
    if (values) parts.push(`${name} ${range(values)}.`);
  }
  parts.push(...answer.notes, ...assumptions(answer, linked));
  if (other) parts.push(`Compared with ${other.summary}`);
  return parts.join(" ");
}

/** The line under the plot. @param {Answer} answer @param {string[]} linked @param {Answer | null} other */
export function caption(answer, linked, other) {
  const dashed = other ? [`Dashed: ${other.summary}`] : [];
  return [answer.summary, ...dashed, ...answer.notes, ...assumptions(answer, linked)].join(" ");
}

/** What the plot takes for granted. @param {Answer} answer @param {string[]} linked @returns {string[]} */
export function assumptions(answer, linked) {
  const own = linked.length ? [`Linked, so drawn with the widget's own value: ${linked.join(", ")}.`] : [];
  return [...answer.assumes, ...own];
}

/** @param {number[]} values */
function range(values) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? format(low, 4) : `${format(low, 4)} to ${format(high, 4)}`;
}

/**
 * The exact numbers of step `i`, counted from 0.
 * @param {Answer} answer @param {number} i
 */
export function atStep(answer, i) {
  const { sigmas, log_snr: snr } = answer;
  const parts = [
    `Step ${i + 1} of ${sigmas.length - 1}`,
    `σ ${format(sigmas[i])} → ${format(sigmas[i + 1])}`,
    `log-SNR ${format(signed(snr, sigmas, i))} → ${format(signed(snr, sigmas, i + 1))}`,
  ];
  if (answer.evaluations) parts.push(answer.evaluations[i] === 1 ? "1 evaluation" : `${answer.evaluations[i]} evaluations`);
  if (answer.noise) parts.push(`noise ${format(answer.noise[i])}`);
  if (answer.eta) parts.push(`eta ${format(answer.eta[i])}`);
  if (answer.s_noise) parts.push(`s_noise ${format(answer.s_noise[i])}`);
  return parts.join(" · ");
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
  const columns = [
    ["sigma", answer.sigmas],
    ["log_snr", answer.log_snr],
    ["evaluations", answer.evaluations],
    ["noise", answer.noise],
    ["eta", answer.eta],
    ["s_noise", answer.s_noise],
  ];
  const there = columns.filter(([, values]) => values);
  const lines = answer.sigmas.map((_, i) => [i, ...there.map(([, values]) => values?.[i] ?? "")].join("\t"));
  const about = [answer.summary, ...answer.notes, ...assumptions(answer, linked)].map((line) => `# ${line}`);
  return [...about, ["step", ...there.map(([name]) => name)].join("\t"), ...lines, ""].join("\n");
}
