// @ts-check
/** The only file that touches ComfyUI's page: what the others need of it, in one place. */

// @ts-ignore - served by ComfyUI, three levels up from /extensions/<folder>/js/
import { app as app_ } from "../../../scripts/app.js";
// @ts-ignore
import { api as api_ } from "../../../scripts/api.js";

/** @type {import("../../tests/js/comfy").App} */
export const app = app_;
/** @type {import("../../tests/js/comfy").Api} */
export const api = api_;

/** @typedef {import("../../tests/js/comfy").LNode} LNode @typedef {import("../../tests/js/comfy").LWidget} LWidget */

/**
 * Call `after` whenever `object[name]` has been called, whatever others hook there before or later.
 * @param {any} object @param {string} name @param {(...args: any[]) => void} after
 */
export function chain(object, name, after) {
  const before = object[name];
  object[name] = function (/** @type {any[]} */ ...args) {
    const result = before?.apply(this, args);
    after(...args);
    return result;
  };
}

/** The names of a node's widgets whose values decide what it computes, in the order of its definition. */
/** @param {LNode} node @returns {string[]} */
export function valueNames(node) {
  const input = node.constructor.nodeData?.input ?? {};
  const all = { ...input.required, ...input.optional };
  return Object.keys(all).filter((name) => {
    const type = all[name][0];
    return Array.isArray(type) || ["INT", "FLOAT", "BOOLEAN", "COMBO", "STRING"].includes(type);
  });
}

/** What a widget's list offers from now on. @param {LWidget} widget @param {string[]} values */
export function offer(widget, values) {
  setOptions(widget, { values });
}

/** Change a widget's options. Nodes 2.0 looks at them as a whole. @param {LWidget} widget @param {Record<string, any>} change */
export function setOptions(widget, change) {
  widget.options = { ...widget.options, ...change };
}

/** Whether nodes are drawn by Vue ("Nodes 2.0") and not on the canvas. */
export function isVue() {
  return Boolean(/** @type {any} */ (globalThis).LiteGraph?.vueNodesMode);
}

/** A setting's value. @param {string} id @param {any} otherwise */
export function setting(id, otherwise) {
  return app.extensionManager?.setting?.get(id) ?? otherwise;
}

/** Call `heard` when a setting has been changed: once it is stored, of which 1.27.10 tells too early. @param {string} id @param {() => void} heard */
export function onSetting(id, heard) {
  app.ui?.settings?.addEventListener?.(`${id}.change`, () => setTimeout(heard));
}

/** A line at the edge of the page. @param {"success" | "error" | "info"} severity @param {string} detail */
export function toast(severity, detail) {
  app.extensionManager?.toast?.add({ severity, summary: "Sigmatic", detail, life: 3000 });
}

/** Where a file of a run is. @param {Record<string, string> | null} file as the server names it */
export function fileUrl(file) {
  return api.apiURL(`/view?${new URLSearchParams(file ?? {})}`);
}

/** What keeps the states that undo goes back to. */
function tracker() {
  return app.extensionManager?.workflow?.activeWorkflow?.changeTracker;
}

/** Redraw the canvas and let undo and autosave know of a change. */
export function changed() {
  app.graph?.setDirtyCanvas?.(true, true);
  const noted = tracker();
  (noted?.captureCanvasState ?? noted?.checkState)?.call(noted);
}

/** Handle wheel and middle button over an element as the canvas does (by itself, an element in the classic canvas swallows them). */
/** @param {HTMLElement} element */
export function passMouse(element) {
  const pass = (/** @type {"pointerdown" | "pointermove" | "pointerup"} */ name, /** @type {string} */ deed) =>
    element.addEventListener(name, (event) => {
      const middle = name === "pointermove" ? event.buttons & 4 : event.button === 1;
      if (middle && !isVue()) app.canvas?.[deed]?.(event);
    });
  pass("pointerdown", "processMouseDown");
  pass("pointermove", "processMouseMove");
  pass("pointerup", "processMouseUp");
  element.addEventListener("wheel", (event) => {
    if (isVue() || !app.canvas?.processMouseWheel) return;
    event.preventDefault();
    app.canvas.processMouseWheel(event);
  });
}

/** Give a node a size, and draw the canvas anew, which is what moves the elements on it. */
/** @param {LNode} node @param {[number, number]} size */
function resize(node, size) {
  node.setSize(size);
  app.canvas?.setDirty?.(true, true);
}

/** Change what a node needs to show; it is never lower than that, and if it is to `grow`, it is taller by as much. */
/** @param {LNode} node @param {() => void} change @param {boolean} grow */
export function refit(node, change, grow) {
  const before = node.computeSize()[1];
  change();
  const [least, [width, height]] = [node.computeSize()[1], node.size];
  resize(node, [width, Math.max(least, height + (grow ? least - before : 0))]);
}

/**
 * Give a node the height for what it has to show by itself: no change of the user's, so that undo does not stop there.
 * @param {LNode} node @param {() => void} change @param {boolean} grow
 */
export function refitByItself(node, change, grow) {
  refit(node, change, grow);
  const state = tracker()?.activeState;
  const same = (/** @type {any[] | undefined} */ list, /** @type {any} */ one) => list?.find(({ id }) => id === one?.id);
  const graph = node.graph === root() ? state : same(state?.definitions?.subgraphs, node.graph);
  const noted = same(graph?.nodes, node);
  if (noted) noted.size = [node.size[0], node.size[1]];
}

/** The graph of the open workflow itself, also while one of its subgraphs is shown. */
export function root() {
  return app.rootGraph ?? app.graph;
}

/** The node that has this id in a prompt; inside of subgraphs that is a path, such as 12:5. @param {unknown} id @returns {any} */
export function inPrompt(id) {
  const whole = /** @type {any} */ ({ subgraph: root() });
  return String(id).split(":").reduce((at, part) => at?.subgraph?.getNodeById?.(part) ?? at?.subgraph?.getNodeById?.(Number(part)), whole);
}

/** Whether a node is in the open workflow: undo makes subgraphs anew, and the nodes of the old ones are not told. @param {LNode} node */
export function isOpen({ graph }) {
  const whole = root();
  return graph === whole || whole?.subgraphs?.get?.(graph?.id) === graph;
}
