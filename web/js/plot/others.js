// @ts-check
/** All plots of the page, and which of them are compared with each other. */

import { fill } from "./bar.js";
import { say } from "../say.js";

/** @typedef {import("./plot.js").Plot} Plot */

/** All plots of the page. @type {Set<Plot>} */
export const plots = new Set();

/** Those that a plot can be compared with. @param {Plot} plot */
function others(plot) {
  return [...plots].filter((one) => one !== plot && one.node.graph === plot.node.graph);
}

/** The plot that one is compared with. @param {Plot} plot @returns {Plot | undefined} */
export function compared(plot) {
  const { other } = plot.choice;
  return other ? others(plot).find(({ node }) => String(node.id) === other) : undefined;
}

/** The choices of what to compare with, as of now. @param {Plot} plot */
export function listOthers(plot) {
  const named = others(plot).map(({ node }) => /** @type {[string, string]} */ ([String(node.id), say("vs {node}", { node: `${node.title} #${node.id}` })]));
  if (plot.bar.other.hidden === Boolean(named.length)) plot.bar.other.hidden = !named.length;
  fill(plot.bar.other, [["", say("compare")], ...named]);
  plot.bar.other.value = compared(plot) ? plot.choice.other : "";
}

/** Let those know that are compared with this one. @param {Plot} plot */
export function tell(plot) {
  for (const one of plots) if (one.choice.other === String(plot.node.id)) one.queue();
}
