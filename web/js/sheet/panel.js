// @ts-check
/** The results on Sigmatic Compare, after a run: rows to click, sorted by difference on request, and two of them before and after. */

import { app, chain, changed, fileUrl, passMouse, refit, refitByItself } from "../host.js";
import { say } from "../say.js";
import { html } from "../svg.js";
import { put } from "./put.js";
import { difference, digits, named, order } from "./rows.js";
import { cut, slider } from "./slider.js";

/** @typedef {import("../host.js").LNode} LNode @typedef {import("./rows.js").Sheet} Sheet */

const NODE = "SigmaticCompare";
const [BAR, ROW, LEAST, MOST, SLIDE] = [34, 62, 3, 8, 380];
const VIEWS = ["listed", "sorted", "slider"];

/** What was shown on the nodes of each open workflow: undo makes the nodes anew. @type {WeakMap<object, Map<string, string>>} */
const kept = new WeakMap();

/** The nodes that are selected. */
function selectedIds() {
  return Object.values(app.canvas.selected_nodes ?? {}).map((/** @type {any} */ one) => String(one.id));
}

/** That of the workflow that is open now. */
function ofWorkflow() {
  const workflow = app.extensionManager?.workflow?.activeWorkflow ?? app;
  if (!kept.has(workflow)) kept.set(workflow, new Map());
  return /** @type {Map<string, string>} */ (kept.get(workflow));
}

class Panel {
  /** @param {LNode} node */
  constructor(node) {
    this.node = node;
    /** @type {Sheet | null} */
    this.sheet = null;
    this.text = "";
    /** @type {string[]} */
    this.selected = [];
    this.state = { before: 0, after: 0, picture: 0, at: 50 };
    this.element = html("div", { class: "sigmatic-sheet", role: "group", "aria-label": say("Results of the comparison") });
    this.widget = node.addDOMWidget("results", "sigmatic.sheet", this.element, { serialize: false, hideOnZoom: false, hideInPanel: true, getMinHeight: () => this.height, getValue: () => "", setValue: () => {} });
    this.widget.serialize = false;
    this.hide(true);
    this.listen();
  }

  listen() {
    const { element, node } = this;
    // a click here selects this node in some front ends: what was selected when the pointer came is what is meant
    element.addEventListener("pointerenter", () => { this.selected = selectedIds(); });
    for (const name of ["pointerdown", "pointerup", "click", "dblclick"]) element.addEventListener(name, (event) => /** @type {MouseEvent} */ (event).button === 0 && event.stopPropagation());
    element.addEventListener("wheel", (event) => {
      const rows = /** @type {Element} */ (event.target).closest?.(".rows");
      if (rows && rows.scrollHeight > rows.clientHeight) event.stopImmediatePropagation();
    });
    passMouse(element);
    chain(node, "onExecuted", (output) => this.keep(output?.sheet?.[0]));
    for (const name of ["onConfigure", "onAdded"]) chain(node, name, () => requestAnimationFrame(() => this.restore()));
  }

  get height() {
    const rows = BAR + ROW * Math.min(MOST, Math.max(LEAST, this.sheet?.rows.length ?? 0));
    return !this.sheet ? 0 : this.view === "slider" ? Math.max(SLIDE, rows) : rows;
  }

  get view() {
    const { sigmatic_sheet: view } = this.node.properties ?? {};
    return VIEWS.includes(view) ? view : VIEWS[0];
  }

  /** @param {boolean} hidden */
  hide(hidden) {
    this.widget.hidden = hidden;
    if (this.widget.options) this.widget.options.hidden = hidden;
    this.element.style.display = hidden ? "none" : "";
  }

  /** Show what a run has made, as JSON. @param {string | undefined} text */
  keep(text) {
    if (!text) return;
    ofWorkflow().set(String(this.node.id), text);
    this.open(text);
  }

  /** Show what was there before the node was made anew; after that, Nodes 2.0 keeps the old element. */
  restore() {
    if (!this.node.graph) return;
    const text = ofWorkflow().get(String(this.node.id));
    if (text && text !== this.text) this.open(text);
    if (this.sheet && !this.element.isConnected) document.querySelector(`[data-node-id="${this.node.id}"] .sigmatic-sheet`)?.replaceWith(this.element);
  }

  /** @param {string} text */
  open(text) {
    const sheet = /** @type {Sheet} */ (JSON.parse(text));
    if (!sheet.file) return;
    this.text = text;
    const before = sheet.reference ? 0 : Math.min(1, sheet.rows.length - 1);
    this.state = { ...this.state, before, after: sheet.reference, picture: 0 };
    this.resize(() => { this.sheet = sheet; this.hide(false); }, refitByItself);
    this.paint();
  }

  /** @param {() => void} change that needs another height @param {(node: LNode, change: () => void, grow: boolean) => void} how */
  resize(change, how = refit) {
    how(this.node, change, true);
    this.element.style.setProperty("--sig-high", `${this.height}px`);
  }

  /** @param {string} view */
  choose(view) {
    this.resize(() => { (this.node.properties ??= {}).sigmatic_sheet = view; });
    changed();
    this.paint();
  }

  paint() {
    const { sheet, view } = this;
    if (!sheet) return;
    const url = fileUrl(sheet.file);
    const words = [say("as listed"), say("by difference"), say("before / after")];
    const bar = html("div", { class: "bar" }, VIEWS.map((one, i) => html("button", { type: "button", "aria-pressed": String(one === view), click: () => this.choose(one) }, [words[i]])));
    const shown = view === "slider"
      ? slider(sheet, url, this.state, (state) => { this.state = state; this.paint(); })
      : html("div", { class: "rows" }, order(sheet.rows, view === "sorted").map((i) => this.row(i, url)));
    this.element.replaceChildren(bar, shown);
  }

  /** @param {number} place @param {string} url */
  row(place, url) {
    const sheet = /** @type {Sheet} */ (this.sheet);
    const row = sheet.rows[place];
    const use = () => {
      this.state.after = place;
      put(row, this.node, [...selectedIds(), ...this.selected]);
    };
    const isReference = place === sheet.reference;
    const about = [named(row).replace(`${row.sampler} / `, ""), say("{n} evaluations, {seconds} s", { n: row.evaluations, seconds: digits(row.seconds) })].join(", ");
    const words = html("span", { class: "words" }, [html("b", {}, [row.sampler]), html("span", { class: "seen" }, [difference(row, isReference)]), html("span", {}, [about])]);
    const told = say("Put {row} into a KSampler", { row: named(row) });
    return html("button", { type: "button", class: "row", title: told, "aria-label": [told, difference(row, isReference)].join(". "), click: use }, [words, cut(url, sheet, row.boxes, named(row))]);
  }
}

/** @param {LNode} node */
export function addSheet(node) {
  if ((node.constructor.comfyClass ?? node.type) === NODE) new Panel(node);
}
