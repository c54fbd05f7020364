// @ts-check
/** What the server is asked about a node: its widgets' values, the other half of a custom run, settings, the model. */

import { beside, modelOf, settingsOf, widgetValues, wired } from "./assume.js";
import { api, valueNames } from "./host.js";

/** @typedef {import("./host.js").LNode} LNode */

const IDLE = new Set(["seed", "cfg", "noise", "add_noise", "batch_index"]);

/** Nodes of ours that make sigmas. */
const SOURCES = new Set(["SigmaticSchedule", "SigmaticSplit", "SigmaticEdit", "SigmaticText"]);
const DEEPEST = 8;

/**
 * The request about `node`, and the names of the widgets whose true values cannot be seen.
 * @param {LNode} node @param {string} model the model to assume, as JSON; "": the one that the wires lead to
 */
export function question(node, model) {
  /** @type {string[]} */
  const linked = [];
  /** @type {any[]} */
  const path = [];
  /** @param {any} from */
  const read = (from) => {
    const found = widgetValues(from, valueNames(from).filter((name) => !IDLE.has(name)));
    linked.push(...found.linked);
    return found.values;
  };
  /** What comes out of a node that makes sigmas, with all that is wired into it. */
  /** @param {any} from @param {number} output @param {number} depth @returns {any} */
  const source = (from, output, depth) => {
    if (!SOURCES.has(from.type) || depth > DEEPEST) return null;
    path.push(from);
    /** @type {Record<string, any>} */
    const inputs = {};
    for (const input of from.inputs ?? []) {
      if (input.type !== "SIGMAS" || input.link === null || input.link === undefined) continue;
      const before = wired(from, input);
      inputs[input.name] = before ? source(before.node, before.slot, depth + 1) : null;
    }
    return { node: from.type, values: read(from), output, inputs };
  };
  const isSource = SOURCES.has(node.type);
  const { found, runner } = isSource ? beside(node, "SAMPLER") : node.type === "SigmaticSampler" ? beside(node, "SIGMAS") : { found: null, runner: null };
  /** @type {Record<string, any>} */
  const request = isSource ? source(node, 0, 0) : { node: node.type, values: read(node) };
  if (!isSource) path.push(node);
  if (isSource && found?.node.type === "SigmaticSampler") request.beside = { node: "SigmaticSampler", values: read(found.node) };
  if (!isSource && found) request.beside = source(found.node, found.slot, 0);
  if (runner) path.push(runner);
  request.settings = (path.map(settingsOf).find((list) => list.length) ?? []).map(read);
  request.model = model ? JSON.parse(model) : path.map(modelOf).find((one) => one !== null) ?? {};
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
