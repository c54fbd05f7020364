// @ts-check
/** Finding samplers and schedules in the list of declarations: pure functions. */

/**
 * A declaration as GET /sigmatic/samplers has it; schedules have no family, order and so on.
 * @typedef {{name: string, title: string, summary: string, reference: string, params: {name: string, default: any}[],
 *   family?: string, order?: number, evals_per_step?: number, stochastic?: boolean, alias_of?: string | null}} Entry
 */

const SHOWN = 4;

/** The entries that have every word of `query` somewhere, those with it in their name first. */
/** @param {Entry[]} entries @param {string} query @param {string} [family] @returns {Entry[]} */
export function search(entries, query, family = "") {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const inName = (/** @type {Entry} */ entry) => words.every((word) => entry.name.toLowerCase().includes(word));
  const found = entries.filter((entry) => {
    const text = [entry.name, entry.title, entry.summary, ...facts(entry)].join(" ").toLowerCase();
    return (!family || entry.family === family) && words.every((word) => text.includes(word));
  });
  return [...found.filter(inName), ...found.filter((entry) => !inName(entry))];
}

/** What an entry is, in a few words each. @param {Entry} entry @returns {string[]} */
export function facts(entry) {
  const found = [];
  if (entry.family) found.push(entry.family);
  if (entry.order) found.push(`order ${entry.order}`);
  if (entry.evals_per_step) found.push(entry.evals_per_step === 1 ? "1 evaluation a step" : `${entry.evals_per_step} evaluations a step`);
  if (entry.stochastic !== undefined) found.push(entry.stochastic ? "adds noise" : "no noise");
  if (entry.family) found.push("any model");
  const names = entry.params.map(({ name }) => name);
  if (names.length) found.push(names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ", …" : ""));
  if (entry.alias_of) found.push(`same as sig_${entry.alias_of}`);
  return found;
}

/** The families there are, in alphabetical order. @param {Entry[]} entries @returns {string[]} */
export function families(entries) {
  return [...new Set(entries.flatMap((entry) => (entry.family ? [entry.family] : [])))].sort();
}
