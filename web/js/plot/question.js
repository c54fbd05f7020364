// @ts-check
/** What the request to the server says of a node: its widgets' values, the other half of a custom run, settings, the model. */

import { declared, deciding } from "./declared.js";
import { api, valueNames } from "../host.js";
import { say } from "../say.js";
import { beside, modelOf, settingsOf, sizeOf, widgetValues, wired } from "./wires.js";

/** @typedef {import("../host.js").LNode} LNode */

const DEEPEST = 8;
const OTHER_HALF = /** @type {Record<string, string>} */ ({ SIGMAS: "SAMPLER", SAMPLER: "SIGMAS" });

/** What runs a half of a custom run has this input, too; nothing for a whole run and for settings. @param {string} makes */
export function otherHalf(makes) {
  return OTHER_HALF[makes] ?? "";
}

/** Where a node keeps what its run has shown. @param {string} name */
function property(name) {
  return `sigmatic_${name}`;
}

/** Keep what a node's run has shown, with the workflow. @param {LNode} node @param {any} output of its run */
export function keepShown(node, output) {
  const { kept } = declared(node.type) ?? {};
  const shown = kept && output?.[kept]?.[0];
  if (shown) (node.properties ??= {})[property(kept)] = JSON.parse(shown);
}

/** What is kept of a node's run: undefined where nothing is to be, null where nothing is yet. @param {any} node */
function keptBy(node) {
  const { kept } = declared(node.type) ?? {};
  return kept ? node.properties?.[property(kept)] ?? null : undefined;
}

/**
 * The request about `node` ("": there is nothing to ask yet), the names of the widgets whose true values cannot be seen,
 * what stands in place of an answer, and all nodes that the request depends on.
 * @param {LNode} node @param {string} model the model to assume, as JSON; "": the one that the wires lead to
 * @returns {{body: string, linked: string[], remark: string, met: Set<any>}}
 */
export function question(node, model) {
  /** @type {string[]} */
  const linked = [];
  /** The nodes that may lead to the model. @type {any[]} */
  const path = [];
  const met = new Set(/** @type {any[]} */ ([node]));
  /** @param {any} from */
  const read = (from) => {
    const idle = declared(from.type)?.idle ?? [];
    const seen = widgetValues(from, valueNames(from).filter((name) => !idle.includes(name)), met);
    linked.push(...seen.linked);
    return seen.values;
  };
  /** A node with all that is wired into it. @param {any} from @param {number} depth */
  const described = (from, depth) => {
    path.push(from);
    const follows = declared(from.type)?.follows ?? [];
    /** @type {Record<string, any>} */
    const inputs = {};
    for (const input of from.inputs ?? []) {
      if (!follows.includes(input.name) || input.link === null || input.link === undefined) continue;
      const before = wired(from, input, met);
      inputs[input.name] = before ? source(before.node, before.slot, depth + 1) : null;
    }
    return { node: from.type, values: read(from), inputs, kept: keptBy(from) };
  };
  /** What comes out of a node that makes sigmas; null where that is not known. @param {any} from @param {number} output @param {number} depth @returns {any} */
  const source = (from, output, depth) => {
    if (declared(from.type)?.makes !== "SIGMAS" || depth > DEEPEST || keptBy(from) === null) return null;
    return { ...described(from, depth), output };
  };
  if (keptBy(node) === null) {
    return { body: "", linked, remark: say("Not measured yet: run the workflow, and the schedule that is found is drawn here."), met };
  }
  /** @type {Record<string, any>} */
  const request = described(node, 0);
  const kind = otherHalf(declared(node.type)?.makes ?? "");
  if (kind) {
    const { half, runner } = beside(node, kind, met);
    if (half && kind === "SIGMAS") request.beside = source(half.node, half.slot, 0);
    else if (half && declared(half.node.type)?.makes === kind) request.beside = { node: half.node.type, values: read(half.node) };
    if (runner) path.push(runner);
  }
  const sets = (/** @type {string} */ type) => declared(type)?.makes === "MODEL";
  request.settings = (path.map((one) => settingsOf(one, sets, met)).find((list) => list.length) ?? []).map(read);
  request.model = model ? JSON.parse(model) : path.map((one) => modelOf(one, deciding, met)).find((one) => one !== null) ?? {};
  request.size = path.map((one) => sizeOf(one, met)).find((one) => one !== null) ?? undefined;
  return { body: JSON.stringify(request), linked, remark: "", met };
}

/** The answer: (HTTP status, JSON); status 0 where there is none. */
/** @param {string} body @returns {Promise<[number, any]>} */
export async function ask(body) {
  let status = 0;
  try {
    const reply = await api.fetchApi("/sigmatic/table", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    ({ status } = reply);
    return [status, await reply.json()];
  } catch (/** @type {any} */ error) {
    return [status, { error: say("The server does not answer: {error}", { error: status || error.message }) }];
  }
}
