// @ts-check
/** "use": a name is put into the selected nodes that have it in a list, and what was done is said. */

import { choose, wholeList } from "./filter.js";
import { app, changed, toast } from "../host.js";
import { say } from "../say.js";

/** Choose `name` in every selected node that has it in a list. @param {string} name @param {string[]} widgets names of such lists */
export function useInSelected(name, widgets) {
  const nodes = [];
  for (const node of Object.values(app.canvas.selected_nodes ?? {})) {
    const lists = (node.widgets ?? []).filter((/** @type {any} */ one) => widgets.includes(one.name) && wholeList(one).includes(name));
    for (const widget of lists) choose(node, widget, name);
    if (lists.length) nodes.push(`${node.title} #${node.id}`);
  }
  if (!nodes.length) return toast("info", say("Select a node first that has {name} in its list.", { name }));
  changed();
  toast("success", say("{name} is chosen in {nodes}.", { name, nodes: nodes.join(", ") }));
}
