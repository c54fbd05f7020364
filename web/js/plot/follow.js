// @ts-check
/** Hearing of changes to the nodes that a plot depends on: of their widgets and wires, whoever changes them. */

import { chain } from "../host.js";

/** Nodes and widgets that are followed already. @type {WeakSet<object>} */
const followed = new WeakSet();

/** Call `look` whenever one of the nodes changes from now on; once is enough for each, by whatever plot. */
/** @param {Iterable<any>} nodes @param {() => void} look */
export function follow(nodes, look) {
  for (const node of nodes) {
    for (const widget of node.widgets ?? []) {
      if (followed.has(widget)) continue;
      followed.add(widget);
      chain(widget, "callback", look);
    }
    if (followed.has(node)) continue;
    followed.add(node);
    for (const name of ["onConfigure", "onConnectionsChange"]) chain(node, name, look);
  }
}
