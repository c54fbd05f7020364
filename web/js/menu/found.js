// @ts-check
/**
 * In the search for nodes "sigmatic" finds first what people start with.
 *
 * Front ends sort what is found by how well the words fit, then by how often a node is used according to a list of their
 * own, which knows no new packs, then by the length of the name: Sigmatic Fit Schedule came first, KSampler in the middle.
 * Only among equal fits, so no node whose name fits better is overtaken.
 */

/** Those to begin with, the first one first. */
export const FIRST = ["SigmaticKSampler", "SigmaticRecipe"];

/** A node's marks in the search, the lower the better: it counts as used as often as its place in FIRST says. */
/** @param {number[]} marks how well it fits, minus how often it is used, and so on @param {string} name */
export function better(marks, name) {
  const uses = FIRST.length - FIRST.indexOf(name);
  return [marks[0], Math.min(marks[1], -uses), ...marks.slice(2)];
}

/** Let those be found first that are in the page's own list of nodes, which is changed in place. @param {any[]} defs */
export function findFirst(defs) {
  for (const name of FIRST) {
    const place = defs.findIndex((one) => one?.name === name);
    const Definition = /** @type {any} */ (globalThis).LiteGraph?.registered_node_types?.[name]?.nodeData?.constructor;
    if (place < 0 || typeof Definition?.prototype?.postProcessSearchScores !== "function") continue;
    const made = defs[place] instanceof Definition ? defs[place] : new Definition(defs[place]);
    const marks = made.postProcessSearchScores;
    made.postProcessSearchScores = (/** @type {number[]} */ found) => better(marks.call(made, found), name);
    defs[place] = made;
  }
}
