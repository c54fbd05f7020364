// @ts-check
/** What the server is asked about a node: its widgets' values, the other half of a custom run, settings, the model. */

import { beside, modelOf, settingsOf, widgetValues, wired } from "./assume.js";
import { api, valueNames } from "../host.js";
import { say } from "../say.js";

/** @typedef {import("../host.js").LNode} LNode */

const IDLE = new Set(["seed", "cfg", "noise", "add_noise", "batch_index"]);

/** Nodes of ours that make sigmas. */
const SOURCES = new Set(["SigmaticSchedule", "SigmaticSplit", "SigmaticEdit", "SigmaticText", "SigmaticFit"]);
const DEEPEST = 8;

/** What a schedule was fitted for, as Sigmatic Fit Schedule has said after its run. @typedef {{sigmas: number[], sampler: string, [name: string]: any}} Fit */

/** The schedule that a node has fitted, if it has. @param {any} node @returns {Fit | undefined} */
function fitted(node) {
  const fit = node.properties?.sigmatic_fit;
  return Array.isArray(fit?.sigmas) && typeof fit.sampler === "string" ? fit : undefined;
}

/** Keep what a node has fitted, with the workflow. @param {LNode} node @param {any} output of its run */
export function keepFit(node, output) {
  const said = output?.fit?.[0];
  if (said) (node.properties ??= {}).sigmatic_fit = JSON.parse(said);
}

/** A fitted schedule is one that was typed. @param {Fit} fit */
function typed(fit) {
  return { node: "SigmaticText", values: { text: fit.sigmas.join(", ") }, output: 0, inputs: {} };
}

/** The request about a schedule that a node has fitted, and what is to be said of it. @param {LNode} node */
function ofFit(node) {
  const fit = fitted(node);
  if (!fit) return { request: null, remark: say("Not measured yet: run the workflow, and the schedule that is found is drawn here.") };
  const { values } = widgetValues(node, Object.keys(fit).filter((name) => name !== "sigmas"));
  const same = Object.entries(values).every(([name, value]) => value === fit[name]);
  const beside = fit.sampler.startsWith("sig_") ? { beside: { node: "SigmaticSampler", values: { sampler: fit.sampler, eta: 0 } } } : {};
  return { request: { ...typed(fit), ...beside }, remark: same ? "" : say("Measured with other settings: run the workflow to measure anew.") };
}

/**
 * The request about `node` ("": there is nothing to ask yet), the names of the widgets whose true values cannot be seen,
 * and what is to be said beside the answer.
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
    const fit = fitted(from);
    if (from.type === "SigmaticFit") return fit ? typed(fit) : null;
    /** @type {Record<string, any>} */
    const inputs = {};
    for (const input of from.inputs ?? []) {
      if (input.type !== "SIGMAS" || input.link === null || input.link === undefined) continue;
      const before = wired(from, input);
      inputs[input.name] = before ? source(before.node, before.slot, depth + 1) : null;
    }
    return { node: from.type, values: read(from), output, inputs };
  };
  const fit = node.type === "SigmaticFit" ? ofFit(node) : null;
  if (fit && !fit.request) return { body: "", linked, remark: fit.remark };
  const isSource = SOURCES.has(node.type) && !fit;
  const { found, runner } = isSource ? beside(node, "SAMPLER") : node.type === "SigmaticSampler" ? beside(node, "SIGMAS") : { found: null, runner: null };
  /** @type {Record<string, any>} */
  const request = fit?.request ?? (isSource ? source(node, 0, 0) : { node: node.type, values: read(node) });
  if (!isSource) path.push(node);
  if (isSource && found?.node.type === "SigmaticSampler") request.beside = { node: "SigmaticSampler", values: read(found.node) };
  if (!isSource && found) request.beside = source(found.node, found.slot, 0);
  if (runner) path.push(runner);
  request.settings = (path.map(settingsOf).find((list) => list.length) ?? []).map(read);
  request.model = model ? JSON.parse(model) : path.map(modelOf).find((one) => one !== null) ?? {};
  return { body: JSON.stringify(request), linked, remark: fit?.remark ?? "" };
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
