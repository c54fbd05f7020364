// @ts-check
/** Sigmatic's part of the settings dialog: plots, shorter dropdowns, defaults of new nodes. */

import { filterAll, HIDDEN } from "./filter.js";
import { setting } from "../host.js";
import { refresh } from "../plot/plot.js";
import { say } from "../say.js";
import { families } from "./search.js";
import { html } from "../svg.js";

/** @typedef {import("./search.js").Entry} Entry */

/** Numbers that new nodes begin with: what is Sigmatic's own, what is allowed. */
const DEFAULTS = /** @type {const} */ ([["eta", 1, 0, 100, 0.05], ["s_noise", 1, 0, 100, 0.05], ["rho", 7, 0.1, 100, 0.5]]);
const OURS = ["SigmaticKSampler", "SigmaticSampler", "SigmaticSchedule"];

/** The settings. @param {Entry[]} samplers @returns {Record<string, any>[]} */
export function settings(samplers) {
  return [
    {
      id: "Sigmatic.Plot.Show",
      category: ["Sigmatic", "Plot", "Show"],
      name: "Show plots on nodes",
      tooltip: "Draw on the nodes what they will do before anything is queued.",
      type: "boolean",
      defaultValue: true,
      onChange: () => setTimeout(refresh),
    },
    {
      id: HIDDEN,
      category: ["Sigmatic", "Lists", "Hidden"],
      name: "Sampler families to leave out of lists",
      tooltip: "Ticked families are not offered in sampler lists. Workflows that use them still run.",
      type: (/** @type {string} */ _, /** @type {(value: string) => void} */ set, /** @type {any} */ value) => ticks(families(samplers), set, value),
      defaultValue: "",
      onChange: (/** @type {any} */ listed) => filterAll(samplers, String(listed ?? "")),
    },
    ...DEFAULTS.map(([name, value, min, max, step], i) => ({
      id: `Sigmatic.Defaults.${name}`,
      category: ["Sigmatic", "New nodes", name],
      name: `${name} of new nodes`,
      tooltip: "What a node begins with when it is added. Nodes that are there already keep their value.",
      type: "number",
      sortOrder: DEFAULTS.length - i, // as on the node: higher numbers come first
      attrs: { min, max, step, minFractionDigits: 0, maxFractionDigits: 4 },
      defaultValue: value,
    })),
  ];
}

/** A box to tick for each family. @param {string[]} names @param {(value: string) => void} set @param {any} value */
function ticks(names, set, value) {
  const hidden = new Set(String(value ?? "").split(",").map((word) => word.trim()).filter(Boolean));
  const boxes = names.map((name) => {
    const change = (/** @type {any} */ event) => {
      if (event.target.checked) hidden.add(name);
      else hidden.delete(name);
      set([...hidden].sort().join(","));
    };
    const box = /** @type {HTMLInputElement} */ (html("input", { type: "checkbox", name, change }));
    box.checked = hidden.has(name);
    return html("label", {}, [box, ` ${name}`]);
  });
  return html("div", { class: "sigmatic-ticks", role: "group", "aria-label": say("Sampler families to leave out of lists") }, boxes);
}

/** Give a new node the defaults of the settings (a loaded one gets its own values right after). @param {any} node */
export function useDefaults(node) {
  if (!OURS.includes(node.constructor.comfyClass)) return;
  for (const [name, value, min, max] of DEFAULTS) {
    const wanted = Number(setting(`Sigmatic.Defaults.${name}`, value));
    const widget = node.widgets?.find((/** @type {any} */ one) => one.name === name);
    if (widget && Number.isFinite(wanted) && wanted !== value) widget.value = Math.max(min, Math.min(max, wanted));
  }
}
