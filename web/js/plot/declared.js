// @ts-check
/** What the server has declared: the nodes with a plot, and those that decide how a model is sampled; asked for once. */

import { api } from "../host.js";

/**
 * A node's plot: which half of a custom run the node makes ("SIGMAS", "SAMPLER"; "MODEL": settings on it; "": it is a run
 * by itself), the inputs of sigmas that it follows, widgets that do not change the plot, and what to keep of what its run shows.
 * @typedef {{makes: string, follows: string[], idle: string[], kept: string, recipe?: boolean}} Declared
 */

/** @returns {Promise<{nodes: Record<string, Declared>, deciding: Record<string, string[]>}>} */
async function load() {
  try {
    const reply = await api.fetchApi("/sigmatic/plots");
    if (reply.ok) return await reply.json();
  } catch {
    // without the server's part there is nothing to plot
  }
  return { nodes: {}, deciding: {} };
}

const { nodes, deciding } = await load();

/** Nodes that decide how a model is sampled, and the widgets that say how. */
export { deciding };

/** What is declared of the nodes of a type. @param {unknown} type @returns {Declared | undefined} */
export function declared(type) {
  return Object.hasOwn(nodes, String(type)) ? nodes[String(type)] : undefined;
}
