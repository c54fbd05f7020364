// @ts-check
/** Shorter dropdowns: families of samplers that are not wanted are left out of the lists, in the page alone. */

import { app, offer, setting } from "../host.js";

/** @typedef {import("./search.js").Entry} Entry @typedef {import("../host.js").LWidget} LWidget */

/** The setting: names of families, separated by commas. */
export const HIDDEN = "Sigmatic.Dropdowns.Hidden";

/** Each list as the server gave it. @type {WeakMap<LWidget, string[]>} */
const whole = new WeakMap();

/** The names of the samplers whose family is hidden. @param {Entry[]} samplers @param {string} listed @returns {Set<string>} */
export function hiddenNames(samplers, listed) {
  const families = new Set(listed.split(",").map((word) => word.trim().toLowerCase()).filter(Boolean));
  return new Set(samplers.filter((entry) => families.has(String(entry.family).toLowerCase())).map((entry) => entry.name));
}

/** The list without the hidden names; the chosen one stays. @param {string[]} all @param {Set<string>} hidden @param {any} chosen */
export function shortened(all, hidden, chosen) {
  return all.filter((name) => !hidden.has(name) || name === chosen);
}

/** All that a list has, hidden or not. @param {LWidget} widget @returns {any[]} */
export function wholeList(widget) {
  const values = whole.get(widget) ?? widget.options?.values;
  return Array.isArray(values) ? values : [];
}

/** Choose a value in a node's widget, and in its list where that was shortened. @param {any} node @param {any} widget @param {any} value */
export function choose(node, widget, value) {
  const { values } = widget.options ?? {};
  if (Array.isArray(values) && !values.includes(value)) offer(widget, [...values, value]);
  widget.value = value;
  widget.callback?.(value, app.canvas, node);
}

/** Shorten the lists of one node. @param {any} node @param {Entry[]} samplers @param {string} [listed] the setting, if it is only just being changed */
export function filterNode(node, samplers, listed = setting(HIDDEN, "")) {
  const hidden = hiddenNames(samplers, String(listed ?? ""));
  for (const widget of /** @type {LWidget[]} */ (node.widgets ?? [])) {
    const values = widget.options?.values;
    if (!Array.isArray(values) || !values.some((value) => typeof value === "string" && value.startsWith("sig_"))) continue;
    const all = whole.get(widget) ?? values;
    if (!whole.has(widget) && !hidden.size) continue;
    whole.set(widget, all);
    offer(widget, shortened(all, hidden, widget.value));
  }
}

/** Shorten all lists; `fresh`: the server has given them anew. @param {Entry[]} samplers @param {string} [listed] @param {boolean} [fresh] */
export function filterAll(samplers, listed, fresh = false) {
  const graphs = [app.graph, ...(app.graph?.subgraphs?.values?.() ?? [])].filter(Boolean);
  for (const graph of graphs) {
    for (const node of graph._nodes ?? []) {
      if (fresh) for (const widget of node.widgets ?? []) whole.delete(widget);
      filterNode(node, samplers, listed);
    }
  }
}
