// @ts-check
/** "Turn into Sigmatic" and back in the right-click menu of samplers: links, values, place and title are kept; one undo. */

import { chain, changed, toast, valueNames } from "../host.js";
import { wired } from "../plot/wires.js";
import { say } from "../say.js";
import { asOurs, asStock, lost, OURS, STOCK, stockFor } from "./turn_values.js";

/** Put the entry into a node's menu, as all front ends know it. @param {any} node */
export function offerTurn(node) {
  const kind = node.constructor.comfyClass ?? node.type;
  if (kind !== OURS && !STOCK.includes(kind)) return;
  const item = () => kind === OURS
    ? { content: say("Turn into ComfyUI's KSampler"), callback: () => back(node) }
    : { content: say("Turn into Sigmatic KSampler"), callback: () => turn(node, kind) };
  chain(node, "getExtraMenuOptions", (_, options) => options.push(item()));
}

/** @param {any} node @returns {Record<string, any>} */
function valuesOf(node) {
  const names = [...valueNames(node), "control_after_generate"];
  return Object.fromEntries(names.flatMap((name) => {
    const widget = node.widgets?.find((/** @type {any} */ one) => one.name === name);
    return widget ? [[name, widget.value]] : [];
  }));
}

/** @param {any} node @param {string} kind */
function turn(node, kind) {
  const halves = ["SAMPLER", "SIGMAS"].flatMap((type) => {
    const from = wired(node, node.inputs?.find((/** @type {any} */ one) => one.type === type))?.node;
    return from ? [{ type: String(from.type), values: valuesOf(from) }] : [];
  });
  replace(node, OURS, { ...asOurs(kind, valuesOf(node), halves), control_after_generate: valuesOf(node).control_after_generate });
}

/** @param {any} node */
function back(node) {
  const values = valuesOf(node);
  const kind = stockFor(values);
  const idle = lost(kind, values, valuesOf(create(OURS)));
  replace(node, kind, { ...asStock(kind, values), control_after_generate: values.control_after_generate });
  if (idle.length) toast("info", say("ComfyUI's KSampler does not have {names}: Sigmatic Settings does.", { names: idle.join(", ") }));
}

/** @param {string} kind @returns {any} */
function create(kind) {
  return /** @type {any} */ (globalThis).LiteGraph.createNode(kind);
}

/** Put a node of another kind in the place of one. @param {any} node @param {string} kind @param {Record<string, any>} values */
function replace(node, kind, values) {
  const { graph } = node;
  const made = create(kind);
  if (!graph || !made) return;
  graph.beforeChange?.();
  made.pos = [...node.pos];
  for (const key of ["mode", "color", "bgcolor"]) if (node[key] !== undefined) made[key] = node[key];
  if (node.title !== node.constructor.title) made.title = node.title;
  graph.add(made);
  for (const widget of made.widgets ?? []) {
    if (values[widget.name] === undefined) continue;
    widget.value = values[widget.name];
    widget.callback?.(widget.value);
  }
  const size = made.computeSize();
  made.setSize([Math.max(size[0], node.size[0]), Math.max(size[1], made.size[1])]);
  rewire(graph, node, made);
  graph.remove(node);
  graph.afterChange?.();
  changed();
}

/** The name that an input has at the other kind of node. */
const OTHERWISE = /** @type {Record<string, string>} */ ({ sampler_name: "sampler", scheduler: "schedule", noise_seed: "seed" });

/** @param {any} graph @param {any} from @param {any} to */
function rewire(graph, from, to) {
  const link = (/** @type {any} */ id) => graph.getLink?.(id) ?? graph.links?.get?.(id) ?? graph.links?.[id];
  const same = (/** @type {string} */ a, /** @type {string} */ b) => a === b || OTHERWISE[a] === b || OTHERWISE[b] === a;
  for (const input of [...from.inputs ?? []]) {
    const wire = input.link === null || input.link === undefined ? null : link(input.link);
    const place = to.inputs?.findIndex((/** @type {any} */ one) => same(one.name, input.name) && (one.widget || one.type === input.type)) ?? -1;
    const source = wire && graph.getNodeById(wire.origin_id);
    if (source && place >= 0) source.connect(wire.origin_slot, to, place);
  }
  for (const id of [...from.outputs?.[0]?.links ?? []]) {
    const wire = link(id);
    const target = wire && graph.getNodeById(wire.target_id);
    if (target) to.connect(0, target, wire.target_slot);
  }
}
