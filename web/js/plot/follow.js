// @ts-check
/** Hearing of changes to the nodes that a plot depends on: of their widgets and wires, whoever changes them. */

import { chain } from "../host.js";

/** Nodes and widgets that are followed already. @type {WeakSet<object>} */
const followed = new WeakSet();

/** Who wants to know. @type {Set<() => void>} */
const looks = new Set();

/** Tell all. */
function tell() {
  for (const look of looks) look();
}

/** Call `look` whenever one of the nodes changes from now on, whoever follows it; one function for each kind of follower. */
/** @param {Iterable<any>} nodes @param {() => void} look */
export function follow(nodes, look) {
  looks.add(look);
  for (const node of nodes) {
    for (const widget of node.widgets ?? []) {
      if (followed.has(widget)) continue;
      followed.add(widget);
      chain(widget, "callback", tell);
    }
    if (followed.has(node)) continue;
    followed.add(node);
    for (const name of ["onConfigure", "onConnectionsChange"]) chain(node, name, tell);
  }
}
