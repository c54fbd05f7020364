// @ts-check
/** A row of a comparison goes into a KSampler: the selected ones, or the only one there is; one undo, and what was done is said. */

import { changed, toast, valueNames } from "../host.js";
import { choose, wholeList } from "../panel/filter.js";
import { say } from "../say.js";
import { named, settings } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */

const [MUTED, BYPASSED] = [2, 4];

/** @param {any} node @param {string} name @returns {any} */
function widgetOf(node, name) {
  return node.widgets?.find((/** @type {any} */ one) => one.name === name);
}

/** Each widget of a node with what it begins with. @param {any} node @returns {Record<string, any>} */
function plain(node) {
  const { required, optional } = node.constructor.nodeData?.input ?? {};
  const all = { ...required, ...optional };
  return Object.fromEntries(valueNames(node).filter((name) => widgetOf(node, name)).map((name) => [name, all[name][1]?.default]));
}

/** What of a row goes where in a node; null where that is no KSampler, or one that does not have its names. @param {Row} row @param {any} node */
function fitting(row, node) {
  const found = settings(row, plain(node));
  const lists = Object.entries(found?.values ?? {}).filter(([, value]) => value === row.sampler || value === row.schedule);
  return found && lists.every(([name, value]) => wholeList(widgetOf(node, name)).includes(value)) ? found : null;
}

/** Put a row into a KSampler of the graph that the comparison is in. @param {Row} row @param {any} compare the node of the comparison @param {string[]} chosen ids of what is selected */
export function put(row, compare, chosen) {
  const all = [...(compare.graph?._nodes ?? [])].filter((node) => node !== compare && fitting(row, node));
  const selected = all.filter((node) => chosen.includes(String(node.id)));
  const running = all.filter(({ mode }) => mode !== MUTED && mode !== BYPASSED);
  const nodes = selected.length ? selected : running;
  const names = nodes.map(({ title, id }) => `${title} #${id}`).join(", ");
  if (!nodes.length) return toast("info", say("No KSampler here has {row} in its lists: add one.", { row: named(row) }));
  if (!selected.length && nodes.length > 1) return toast("info", say("Select the KSampler that it is for: {nodes}.", { nodes: names }));
  const { graph } = compare;
  graph.beforeChange?.();
  const told = nodes.map((node) => fill(node, /** @type {any} */ (fitting(row, node))));
  graph.afterChange?.();
  changed();
  const both = (/** @type {"linked" | "missing"} */ which) => [...new Set(told.flatMap((one) => one[which]))].join(", ");
  const [linked, missing] = [both("linked"), both("missing")];
  const words = [say("{row} is in {nodes}.", { row: named(row), nodes: names })];
  if (linked) words.push(say("Linked, so left as it is: {names}.", { names: linked }));
  if (missing) words.push(say("It has nothing for {names}.", { names: missing }));
  toast(linked || missing ? "info" : "success", words.join(" "));
}

/** @param {any} node @param {{values: Record<string, any>, missing: string[]}} found */
function fill(node, { values, missing }) {
  const linked = [];
  for (const [name, value] of Object.entries(values)) {
    const widget = widgetOf(node, name);
    const wire = node.inputs?.find((/** @type {any} */ one) => one.widget?.name === name)?.link;
    if (wire !== null && wire !== undefined) linked.push(name);
    else if (value !== undefined && widget.value !== value) choose(node, widget, value);
  }
  return { linked, missing };
}
