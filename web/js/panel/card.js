// @ts-check
/** A card of the browser: what a sampler or schedule is, is for and looks like, and a button to use it. */

import { ofServer } from "../plot/words.js";
import { say } from "../say.js";
import { facts } from "./search.js";
import { small } from "./sketch.js";
import { html } from "../svg.js";
import { useInSelected } from "./use.js";

/** @typedef {import("./search.js").Entry} Entry */

const WIDGETS = { samplers: ["sampler", "sampler_name"], schedules: ["schedule", "scheduler"] };
const SHOWN = 3;

/** @param {Entry} entry @param {keyof typeof WIDGETS} kind */
export function card(entry, kind) {
  const use = html("button", { type: "button", "aria-label": say("Use {name} in the selected nodes", { name: entry.name }), click: () => useInSelected(entry.name, WIDGETS[kind]) }, [say("use")]);
  const { sketch, recipes = [] } = entry;
  const label = kind === "samplers" ? say("Noise and evaluations of each step") : say("Levels of noise, step by step");
  const names = recipes.slice(0, SHOWN).join(", ") + (recipes.length > SHOWN ? say(" and {n} more", { n: recipes.length - SHOWN }) : "");
  return html("li", {}, [
    html("div", { class: "head" }, [html("b", {}, [entry.name]), use]),
    html("div", { class: "body" }, [html("div", {}, [ofServer(entry.summary)]), ...(sketch ? [small(sketch, label)] : [])]),
    html("div", { class: "facts" }, facts(entry).map((fact) => html("span", {}, [fact]))),
    ...(recipes.length ? [html("div", { class: "source" }, [say("In recipes for {names}", { names })])] : []),
    html("details", { class: "source" }, [html("summary", {}, [say("Source")]), entry.reference]),
  ]);
}
