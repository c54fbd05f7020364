// @ts-check
/** The recipe on Sigmatic Recipe: what was recognised, by what, its settings, its sources; a button that uses it. */

import { changed, toast } from "../host.js";
import { say } from "../say.js";
import { html } from "../svg.js";
import { runnerBehind } from "./wires.js";

/**
 * @typedef {{title: string, by: string, sampler: string, schedule: string, steps: number, cfg: number, guidance: number | null, note: string, sources: string[]}} Recipe
 * @typedef {import("../host.js").LNode} LNode
 */

const HEIGHT = 62;

export class RecipePanel {
  /** @param {LNode} node */
  constructor(node) {
    this.node = node;
    this.height = HEIGHT;
    /** What its run has recognised, and what it was asked then: that is surer than names of files. @type {{recipe: Recipe | null, body: string} | null} */
    this.ran = null;
    /** @type {Recipe | null} */
    this.shown = null;
    this.words = html("div");
    this.use = html("button", { type: "button", click: () => this.apply() }, [say("use")]);
    this.element = html("div", { class: "recipe" }, [this.words, this.use]);
  }

  /** Keep what a run has recognised. @param {any} output @param {string} body of the question that is answered now */
  keep(output, body) {
    const text = output?.recipe?.[0];
    if (text) this.ran = { recipe: JSON.parse(text), body };
  }

  /** Show what is known by now. @param {Recipe | null} assumed by the page @param {string} body */
  show(assumed, body) {
    const sure = this.ran && this.ran.body === body;
    this.shown = sure ? this.ran?.recipe ?? null : assumed;
    const { shown } = this;
    if (!this.element.parentElement?.classList.contains("known")) this.element.parentElement?.classList.add("known");
    if (this.use.hidden === Boolean(shown)) this.use.hidden = !shown;
    const lines = shown ? words(shown) : [sure ? say("No recipe is known for this model.") : say("The model is recognised when it runs, or choose a recipe by its name.")];
    const text = lines.join(" · ");
    if (this.words.textContent === text) return;
    this.words.replaceChildren(html("b", {}, [lines[0]]), html("span", {}, [lines.slice(1).map((line) => ` · ${line}`).join("")]));
    this.words.title = shown ? [say("Sources: {sources}", { sources: shown.sources.join("; ") }), shown.note].filter(Boolean).join(" ") : "";
  }

  /** Put steps and cfg into the node behind that runs the model. */
  apply() {
    const { shown } = this;
    const runner = /** @type {any} */ (runnerBehind(this.node));
    if (!shown) return;
    if (!runner) return toast("info", say("Wire a KSampler behind it first."));
    for (const [name, value] of /** @type {[string, number][]} */ ([["steps", shown.steps], ["cfg", shown.cfg]])) {
      const widget = runner.widgets.find((/** @type {any} */ one) => one.name === name);
      widget.value = value;
      widget.callback?.(value);
    }
    changed();
    toast("success", say("{steps} steps and cfg {cfg} are in {node}.", { steps: shown.steps, cfg: shown.cfg, node: `${runner.title} #${runner.id}` }));
  }
}

/** @param {Recipe} recipe */
function words({ title, by, sampler, schedule, steps, cfg, guidance, sources }) {
  const settings = [say("{n} steps", { n: steps }), `cfg ${cfg}`, ...(guidance === null ? [] : [say("guidance {n}", { n: guidance })])];
  return [title, say("by {what}", { what: by }), [...settings, `${sampler} / ${schedule}`].join(", "), sources[0]];
}
