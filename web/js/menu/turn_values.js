// @ts-check
/** A run's settings from one kind of node to another: pure functions on {widget: value}. */

/** @typedef {Record<string, any>} Values */

const ON = /** @type {Record<string, boolean>} */ ({ enable: true, disable: false });

/** Nodes of ComfyUI that a Sigmatic KSampler can stand in for, and what their widgets are called there. */
const NAMES = /** @type {Record<string, Record<string, string>>} */ ({
  KSampler: { seed: "seed", steps: "steps", cfg: "cfg", sampler_name: "sampler", scheduler: "schedule", denoise: "denoise" },
  KSamplerAdvanced: {
    add_noise: "add_noise", noise_seed: "seed", steps: "steps", cfg: "cfg", sampler_name: "sampler", scheduler: "schedule",
    start_at_step: "start_at_step", end_at_step: "end_at_step", return_with_leftover_noise: "return_with_leftover_noise",
  },
  SamplerCustom: { add_noise: "add_noise", noise_seed: "seed", cfg: "cfg" },
});

export const STOCK = Object.keys(NAMES);
export const OURS = "SigmaticKSampler";

/** What of a run's halves, made by other nodes, can be said by a Sigmatic KSampler's widgets. */
const HALVES = /** @type {Record<string, Record<string, string>>} */ ({
  KSamplerSelect: { sampler_name: "sampler" },
  BasicScheduler: { scheduler: "schedule", steps: "steps", denoise: "denoise" },
  SigmaticSampler: { sampler: "sampler", eta: "eta", s_noise: "s_noise", noise: "noise", eta_curve: "eta_curve", s_noise_curve: "s_noise_curve" },
  SigmaticSchedule: { schedule: "schedule", steps: "steps", denoise: "denoise", rho: "rho" },
});

/** @param {Values} values @param {Record<string, string>} names @returns {Values} */
function renamed(values, names) {
  return Object.fromEntries(Object.entries(names).filter(([from]) => from in values).map(([from, to]) => [to, values[from]]));
}

/** The settings as a Sigmatic KSampler has them. @param {string} kind of stock node @param {Values} values @param {{type: string, values: Values}[]} [halves] that it runs */
export function asOurs(kind, values, halves = []) {
  const ours = renamed(values, NAMES[kind]);
  for (const half of halves) Object.assign(ours, renamed(half.values, HALVES[half.type] ?? {}));
  for (const key of ["add_noise", "return_with_leftover_noise"]) if (ours[key] in ON) ours[key] = ON[ours[key]];
  return ours;
}

/** The stock node that can do what a Sigmatic KSampler is set to. @param {Values} values of ours */
export function stockFor({ start_at_step: start, end_at_step: end, add_noise: noise, return_with_leftover_noise: left }) {
  return start > 0 || end < 10000 || noise === false || left === true ? "KSamplerAdvanced" : "KSampler";
}

/** The settings as a stock node has them. @param {string} kind @param {Values} values of ours @returns {Values} */
export function asStock(kind, values) {
  const stock = renamed(values, Object.fromEntries(Object.entries(NAMES[kind]).map(([name, ours]) => [ours, name])));
  for (const key of ["add_noise", "return_with_leftover_noise"]) {
    if (kind === "KSamplerAdvanced" && key in stock) stock[key] = stock[key] ? "enable" : "disable";
  }
  return stock;
}

/** What of ours a stock node cannot be told, by name. @param {string} kind @param {Values} values of ours @param {Values} plain those of a new node */
export function lost(kind, values, plain) {
  const kept = new Set([...Object.values(NAMES[kind]), "seed", "control_after_generate"]);
  return Object.keys(values).filter((key) => !kept.has(key) && values[key] !== plain[key]);
}
