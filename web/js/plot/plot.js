// @ts-check
/** The plot on a node: asks the server what the node will do, draws it, and keeps up with every change. */

import { foldButton } from "./advanced.js";
import { bar } from "./bar.js";
import { chart } from "./chart.js";
import { copyChart, copyTable } from "./copy.js";
import { CURVES } from "../editor/curve_editor.js";
import { declared } from "./declared.js";
import { edit } from "./editing.js";
import { folding, shown } from "./fold.js";
import { Foot } from "./foot.js";
import { follow } from "./follow.js";
import { chain, changed, isOpen, passMouse } from "../host.js";
import { compared, listOthers, plots, tell } from "./others.js";
import { pointing } from "./pointing.js";
import { RecipePanel } from "./recipe.js";
import { ask, keepShown, question } from "./question.js";
import { say } from "../say.js";
import { drawing, html, paint } from "../svg.js";
import { asText, summary } from "./words.js";

/** @typedef {import("./words.js").Answer} Answer @typedef {import("../host.js").LNode} LNode @typedef {import("./chart.js").Axis} Axis */

const HEIGHT = 190;
const EDITOR = 196;
/** No answer from the server itself. */
const AWAY = [0, 502, 503, 504];
/** Milliseconds after which it is asked again; after too many requests, sooner. */
const [AGAIN, SOON] = [1000, 300];

export class Plot {
  /** @param {LNode} node */
  constructor(node) {
    this.node = node;
    /** @type {Answer | null} */
    this.answer = null;
    /** @type {string[]} */
    this.linked = [];
    /** @type {import("../editor/curve_editor.js").CurveEditor | null} */
    this.editor = null;
    this.problem = this.answered = this.remark = "";
    this.busy = this.scheduled = this.painting = false;
    /** @type {number | null} */
    this.at = null;
    /** The run that goes on, or the last one. @type {import("./going.js").Going | null} */
    this.run = null;
    /** What is drawn: nothing else is drawn again, which with many nodes would take seconds. @type {any[]} */
    this.drawn = [];
    this.bar = this.row();
    this.svg = drawing();
    this.picture = html("div", { class: "picture" }, [this.svg]);
    this.foot = new Foot();
    this.recipe = declared(node.constructor.comfyClass ?? node.type)?.recipe ? new RecipePanel(node) : null;
    const parts = [this.bar.element, ...(this.recipe ? [this.recipe.element] : []), this.picture, this.foot.warns, this.foot.says];
    this.element = html("div", { class: `sigmatic-plot of${node.constructor.comfyClass}`, tabindex: 0, role: "group", "aria-label": say("Plot of the run") }, parts);
    this.observer = new ResizeObserver(() => this.paint());
    for (const widget of node.widgets ?? []) chain(widget, "callback", () => { this.foot.still = false; this.queue(); });
    this.widget = node.addDOMWidget("plot", "sigmatic.plot", this.element, {
      serialize: false, hideOnZoom: false, hideInPanel: true,
      getMinHeight: () => (this.widget?.hidden ? 0 : HEIGHT + this.foot.more + (this.recipe?.height ?? 0) + (this.editor ? EDITOR : 0)), getValue: () => "", setValue: () => {},
    });
    this.widget.serialize = false; // not last, or saved, it would shift the others' values in old front ends
    folding(this);
    this.listen();
    if (node.graph) this.start();
  }

  /** The choices and buttons above it, in the page's language. */
  row() {
    return bar({
      choose: (change) => this.choose(change),
      list: () => listOthers(this),
      picture: () => void (this.answer && copyChart(this.svg, summary(this.answer))),
      text: () => void (this.answer && copyTable(asText(this.answer, this.linked))),
    }, (this.node.widgets ?? []).map(({ name }) => name).filter((name) => name in CURVES), foldButton(this.node));
  }

  /** The page speaks another language. */
  relabel() {
    const row = this.row();
    this.bar.element.replaceWith(row.element);
    this.bar = row;
    this.drawn = [];
    this.element.setAttribute("aria-label", say("Plot of the run"));
    if (this.editor) this.edit(false, true);
    this.queue();
  }

  /** What the user chose for this plot; it is saved with the node. @returns {{axis: Axis, model: string, other: string, curve: string}} */
  get choice() {
    return { axis: "log", model: "", other: "", curve: "", ...(this.node.properties?.sigmatic_plot ?? {}) };
  }

  /** @param {Record<string, string>} change */
  choose(change) {
    this.node.properties ??= {};
    this.node.properties.sigmatic_plot = { ...this.choice, ...change };
    this.edit(true);
    this.queue();
    changed();
  }

  listen() {
    pointing(this);
    passMouse(this.element);
    chain(this.node, "onConfigure", () => { this.foot.still = true; });
    for (const name of ["onConfigure", "onConnectionsChange"]) chain(this.node, name, () => this.queue());
    chain(this.node, "onExecuted", (output) => { keepShown(this.node, output); this.recipe?.keep(output, this.answered); look(); });
    chain(this.node, "onAdded", () => this.start());
    chain(this.node, "onRemoved", () => this.stop());
  }

  /** Only nodes of a graph are kept up: copying makes others that are never removed. */
  start() {
    plots.add(this);
    for (const part of [this.element, this.picture]) this.observer.observe(part); // what stands below takes room of the picture
    this.queue();
  }

  stop() {
    plots.delete(this);
    this.observer.disconnect();
    tell(this);
  }

  get gone() { return !plots.has(this); }

  /** Look at the widgets again before the next frame. */
  queue() {
    this.inFrame("scheduled", () => this.update());
  }

  /** Draw again before the next frame. */
  soon() {
    this.inFrame("painting", () => this.paint());
  }

  /** @param {"scheduled" | "painting"} waiting @param {() => void} deed once a frame */
  inFrame(waiting, deed) {
    if (this[waiting] || this.gone) return;
    this[waiting] = true;
    requestAnimationFrame(() => {
      this[waiting] = false;
      if (!this.gone) deed();
    });
  }

  /** Ask for the numbers if anything has changed; one request at a time, and the last change wins. */
  async update() {
    this.adopt();
    if (!shown(this)) return;
    const { body, linked, remark, met } = question(this.node, this.choice.model);
    Object.assign(this, { linked, remark });
    follow(met, look);
    if (!body) {
      [this.answer, this.answered, this.drawn] = [null, "", []];
      this.svg.replaceChildren();
    }
    if (body === this.answered) return this.paint();
    if (this.busy) return;
    this.busy = true;
    const [status, answer] = await ask(body);
    this.busy = false;
    if (this.gone) return;
    if (status === 429) return void setTimeout(() => this.queue(), SOON);
    if (this.run && !this.run.going && this.run.body !== body) this.run = null;
    const away = AWAY.includes(status);
    this.answered = away ? "" : body;
    if (away) setTimeout(() => this.queue(), AGAIN);
    this.problem = status === 200 ? "" : String(answer.error ?? say("The server does not answer: {error}", { error: status }));
    if (status === 200) this.answer = answer;
    this.paint();
    tell(this);
    if (!away && this.stale) this.queue();
  }

  /** Whether the last answer is to another question than the node asks now. */
  get stale() {
    return question(this.node, this.choice.model).body !== this.answered;
  }

  /** Show the editor of the chosen curve, or none. @param {boolean} [grow] @param {boolean} [anew] */
  edit(grow = false, anew = false) {
    edit(this, grow, anew);
  }

  /** After Undo, Nodes 2.0 keeps showing the old node's element: put ours in its place. */
  adopt() {
    if (this.element.isConnected) return;
    const old = document.querySelector(`[data-node-id="${this.node.id}"] .sigmatic-plot`);
    if (old && old !== this.element) old.replaceWith(this.element);
  }

  view() {
    const { clientWidth: width, clientHeight: height } = this.picture;
    return { width, height, axis: this.choice.axis, other: compared(this)?.answer ?? null, at: this.at, done: this.run?.going ? this.run.at : null, ran: this.run?.ran?.levels ?? null };
  }

  /** Draw what is known. */
  paint() {
    const view = this.view();
    this.element.classList.toggle("wrong", Boolean(this.problem));
    this.bar.axis.value = view.axis;
    this.bar.model.value = this.choice.model;
    this.bar.curve.value = this.choice.curve;
    this.edit();
    listOthers(this);
    const { answer } = this;
    if (answer && view.width && view.height) {
      if (view.at !== null && view.at > answer.sigmas.length - 2) view.at = this.at = null;
      const now = [answer, ...Object.values(view)];
      if (now.some((one, i) => one !== this.drawn[i])) paint(this.svg, chart(answer, view), view.width, view.height);
      this.drawn = now;
    }
    this.recipe?.show(answer?.recipe ?? null, this.answered);
    const label = this.foot.tell(this, view.other);
    if (this.svg.getAttribute("aria-label") !== label) this.svg.setAttribute("aria-label", label);
  }
}

/** Write all plots in the page's language anew. */
export function relabel() {
  for (const plot of plots) plot.relabel();
}

/** Look at all plots again: the workflow has changed. Undo makes subgraphs anew, and nobody tells the nodes of the old ones. */
export function refresh() {
  for (const plot of plots) {
    if (isOpen(plot.node)) plot.queue();
    else plot.stop();
  }
}

let looking = false;

/** Look again, before the next frame, at those plots whose question has changed: a node that some plot depends on has. */
function look() {
  if (looking) return;
  looking = true;
  requestAnimationFrame(() => {
    looking = false;
    for (const plot of plots) if (plot.stale) plot.queue();
  });
}

/** @param {LNode} node */
export function addPlot(node) {
  if (declared(node.constructor.comfyClass ?? node.type)) new Plot(node);
}
