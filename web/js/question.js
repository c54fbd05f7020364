// @ts-check
/** What the server is asked about a node: its widgets' values, the other half of a custom run, settings, the model. */

import { beside, modelOf, settingsOf, widgetValues } from "./assume.js";
import { api, valueNames } from "./host.js";

/** @typedef {import("./host.js").LNode} LNode */

const IDLE = new Set(["seed", "cfg", "noise", "add_noise", "batch_index"]);
const OTHER_HALF = { SigmaticSampler: "SigmaticSchedule", SigmaticSchedule: "SigmaticSampler" };

/**
 * The request about `node`, and the names of the widgets whose true values cannot be seen.
 * @param {LNode} node @param {string} model the model to assume, as JSON; "": the one that the wires lead to
 */
export function question(node, model) {
  /** @type {string[]} */
  const linked = [];
  /** @param {any} from */
  const read = (from) => {
    const found = widgetValues(from, valueNames(from).filter((name) => !IDLE.has(name)));
    linked.push(...found.linked);
    return found.values;
  };
  /** @type {Record<string, any>} */
  const request = { node: node.type, values: read(node) };
  const wanted = /** @type {any} */ (OTHER_HALF)[String(node.type)];
  const { found, runner } = wanted ? beside(node, wanted) : { found: null, runner: null };
  if (found) request.beside = read(found);
  const path = [node, found, runner].filter((one) => one !== null);
  request.settings = (path.map(settingsOf).find((list) => list.length) ?? []).map(read);
  const seen = path.map(modelOf).find((one) => one !== null);
  request.model = model ? JSON.parse(model) : seen ?? {};
  return { body: JSON.stringify(request), linked };
}

/** The answer: (HTTP status, JSON); status 0 where there is none. */
/** @param {string} body @returns {Promise<[number, any]>} */
export async function ask(body) {
  try {
    const reply = await api.fetchApi("/sigmatic/table", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return [reply.status, await reply.json()];
  } catch (error) {
    return [0, { error: `the server does not answer: ${error}` }];
  }
}
