// @ts-check
/** In classic rendering widgets that are rarely changed are folded away; Nodes 2.0 does that by itself. */

import { chain, changed, isVue, refit, refitByItself } from "../host.js";
import { say } from "../say.js";
import { html } from "../svg.js";

/** @typedef {import("../host.js").LNode} LNode @typedef {import("../host.js").LWidget} LWidget */

/** Saved with a node that shows all. */
const ALL = "sigmatic_all";

/** Between two widgets. */
const GAP = 4;

/** The buttons on the plots of nodes. @type {WeakMap<LNode, HTMLElement>} */
const buttons = new WeakMap();
/** @type {Set<WeakRef<LNode>>} */
const folding = new Set();

/** What the definition says of a node's widgets. @param {LNode} node @returns {Record<string, any>} */
function defined({ constructor: { nodeData } }) {
  return { ...nodeData?.input?.required, ...nodeData?.input?.optional };
}

/** The widgets that are rarely changed. @param {LNode} node @returns {LWidget[]} */
function rare(node) {
  const about = defined(node);
  return (node.widgets ?? []).filter(({ name }) => about[name]?.[1]?.advanced);
}

/** Whether a widget says something: it is linked, or not at its default. @param {LNode} node @param {LWidget} widget */
function counts(node, { name, value }) {
  const input = node.inputs?.find((one) => one.widget?.name === name);
  return (input?.link ?? null) !== null || value !== (defined(node)[name][1].default ?? value);
}

/** Fold what a node does not need to show, or show all. @param {LNode} node */
function apply(node) {
  const all = isVue() || Boolean(node.properties?.[ALL]);
  for (const widget of rare(node)) {
    const hidden = !all && !counts(node, widget);
    if (Boolean(widget.hidden) !== hidden) hide(widget, hidden);
  }
  label(node);
}

/** @param {any} widget @param {boolean} hidden */
function hide(widget, hidden) {
  widget.hidden = hidden;
  if (hidden) widget.computeSize = () => [0, -GAP]; // 1.27.10 keeps room for what is hidden
  else delete widget.computeSize;
}

/** @param {LNode} node */
function label(node) {
  const button = buttons.get(node);
  if (!button) return;
  const count = rare(node).filter(({ hidden }) => hidden).length;
  const all = Boolean(node.properties?.[ALL]);
  button.hidden = isVue() || !(count || all);
  button.textContent = all ? "−" : `+${count}`;
  button.title = all ? say("Fold away what is rarely changed") : say("Show all settings");
  button.setAttribute("aria-label", button.title);
}

/** Show all, or fold again; the node is higher or lower by as much. @param {LNode} node */
function toggle(node) {
  (node.properties ??= {})[ALL] = !node.properties[ALL];
  refit(node, () => apply(node), true);
  changed();
}

/** Fold a new node, and a loaded one as it was saved. @param {any} node */
export function foldRare(node) {
  if (!String(node.constructor.comfyClass ?? "").startsWith("Sigmatic") || !rare(node).length) return;
  refit(node, () => apply(node), true);
  folding.add(new WeakRef(node));
  chain(node, "onConfigure", () => apply(node));
  const content = () => (node.properties?.[ALL] ? say("Fold away what is rarely changed") : say("Show all settings"));
  chain(node, "getExtraMenuOptions", (_, options) => !isVue() && options.push({ content: content(), callback: () => toggle(node) }));
}

/** The button for it, above a node's plot. @param {LNode} node */
export function foldButton(node) {
  const button = html("button", { type: "button", class: "all", click: () => toggle(node) });
  buttons.set(node, button);
  label(node);
  return button;
}

/** The page draws nodes in another way now. */
export function refold() {
  for (const one of folding) {
    const node = one.deref();
    if (node) refitByItself(node, () => apply(node), true);
    else folding.delete(one);
  }
}
