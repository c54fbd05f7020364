// @ts-check
/** What a node's widgets say, as a preset: pure functions. */

/** @typedef {import("./search.js").Entry} Entry @typedef {Record<string, any>} Values */

/** Stand for what the model wants: there is nothing in them to save. */
const BY_MODEL = ["sig_auto", "sig_fitted"];

/** Options of samplers as widgets have them, and what says nothing. */
const SAMPLER = /** @type {[string, any][]} */ ([["eta", 1], ["s_noise", 1], ["noise", "default"]]);

/** "name = value; name = value" as an object; numbers are numbers. @param {string} text @returns {Values} */
export function more(text) {
  /** @type {Values} */
  const pairs = {};
  for (const piece of String(text ?? "").split(/[;\n]/)) {
    const [name, ...rest] = piece.split("=");
    const value = rest.join("=").trim();
    if (name.trim() && value) pairs[name.trim()] = Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return pairs;
}

/**
 * The body that saves the values under `name`: those options that the sampler and the schedule have. null if the values
 * name neither.
 * @param {string} name @param {Values} values of the widgets @param {{samplers: Entry[], schedules: Entry[]}} catalogue
 */
export function asPreset(name, values, catalogue) {
  const sampler = catalogue.samplers.find((entry) => entry.name === (values.sampler ?? values.sampler_name) && !BY_MODEL.includes(entry.name));
  const schedule = catalogue.schedules.find((entry) => entry.name === (values.schedule ?? values.scheduler) && !BY_MODEL.includes(entry.name));
  if (!sampler && !schedule) return null;
  const options = more(values.more);
  for (const [key, nothing] of SAMPLER) {
    const curve = String(values[`${key}_curve`] ?? "").trim();
    if (curve) options[key] = curve;
    else if (values[key] !== undefined && values[key] !== nothing) options[key] = values[key];
  }
  if (values.rho !== undefined && values.rho !== 7) options.rho = values.rho;
  const points = String(values.points ?? "").trim();
  if (points) options.points ??= points;
  const taken = (/** @type {Entry} */ entry, /** @type {string[]} */ extra) => {
    const known = new Set([...entry.params.map((param) => param.name), ...extra]);
    return Object.fromEntries(Object.entries(options).filter(([key]) => known.has(key)));
  };
  /** @type {Values} */
  const body = { name };
  if (sampler) body.sampler = { sampler: bare(sampler.name), options: taken(sampler, ["noise"]) };
  if (schedule) body.schedule = { schedule: bare(schedule.name), options: taken(schedule, []) };
  return body;
}

/** @param {string} name */
function bare(name) {
  return name.replace(/^sig_/, "");
}

/** The presets of GET /sigmatic/presets by name, each in a line of words. @param {any} book @returns {[string, string][]} */
export function listed(book) {
  const names = [...new Set([...Object.keys(book.samplers ?? {}), ...Object.keys(book.schedules ?? {})])].sort();
  return names.map((name) => {
    const { samplers = {}, schedules = {} } = book;
    const parts = [samplers[name], schedules[name]].filter(Boolean).map((one) => {
      const options = Object.entries(one.options ?? {}).map(([key, value]) => `${key} ${value}`);
      return [`sig_${one.sampler ?? one.schedule}`, ...options].join(", ");
    });
    return [name, parts.join(" · ")];
  });
}
