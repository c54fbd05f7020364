// @ts-check
/** The sampler browser: a tab in the sidebar with every sampler and schedule, what it is for, a button to use it; presets and profiles. */

import { presets } from "./presets.js";
import { profiles } from "./profiles.js";
import { say } from "../say.js";
import { card } from "./card.js";
import { hint } from "./hint.js";
import { labels } from "./purposes.js";
import { families, search } from "./search.js";
import { html } from "../svg.js";

/** @typedef {import("./search.js").Entry} Entry @typedef {{samplers: Entry[], schedules: Entry[]}} Catalogue */

/** The user's own things, each with its list. @type {Record<string, (() => HTMLElement) | undefined>} */
const KEPT = { presets, profiles };

/** Where the tab is, once it has been opened. @type {HTMLElement | null} */
let open = null;

/** The tab as the host wants it. @param {Catalogue} catalogue */
export function tab(catalogue) {
  return {
    id: "sigmatic-browser",
    icon: "pi pi-chart-line",
    title: "Sigmatic",
    tooltip: say("Sigmatic: samplers and schedules"),
    type: "custom",
    render: (/** @type {HTMLElement} */ place) => {
      open = place;
      place.replaceChildren(panel(catalogue));
    },
  };
}

/** Write it anew, if it is open: the page speaks another language. @param {Catalogue} catalogue */
export function retell(catalogue) {
  if (open?.isConnected) open.replaceChildren(panel(catalogue));
}

/** @param {Catalogue} catalogue */
function panel(catalogue) {
  const list = html("ul", { class: "entries" });
  const saved = html("div");
  const count = html("div", { class: "count", role: "status" });
  const show = () => {
    const kept = KEPT[what.value];
    for (const element of [query, chips, count, list]) element.hidden = Boolean(kept);
    saved.replaceChildren(...(kept ? [kept()] : []));
    if (kept) return void (family.hidden = true);
    for (const one of chips.children) one.setAttribute("aria-pressed", String(one.textContent === query.value));
    const kind = /** @type {keyof Catalogue} */ (what.value);
    family.hidden = kind !== "samplers";
    const matching = search(catalogue[kind], query.value, family.hidden ? "" : family.value);
    const how = { n: matching.length, all: catalogue[kind].length };
    count.textContent = kind === "samplers" ? say("{n} of {all} samplers", how) : say("{n} of {all} schedules", how);
    list.replaceChildren(...matching.map((entry) => card(entry, kind)));
  };
  const what = choice(say("Samplers or schedules"), [["samplers", say("samplers")], ["schedules", say("schedules")], ["presets", say("presets")], ["profiles", say("profiles")]], show);
  const family = choice(say("Family"), [["", say("all families")], ...families(catalogue.samplers).map((name) => /** @type {[string, string]} */ ([name, name]))], show);
  const query = /** @type {HTMLInputElement} */ (html("input", { type: "search", placeholder: say("search: a model, few steps, sharp …"), "aria-label": say("Search"), input: show }));
  const chips = html("div", { class: "chips" }, labels().map((word) => chip(word, query, show)));
  show();
  return html("div", { class: "sigmatic-browser" }, [html("div", { class: "row" }, [what, family]), ...hint(), query, chips, count, list, saved]);
}

/** @param {string} label @param {[string, string][]} options @param {() => void} change */
function choice(label, options, change) {
  return /** @type {HTMLSelectElement} */ (html("select", { "aria-label": label, change }, options.map(([value, text]) => html("option", { value }, [text]))));
}

/** A button that searches for a word, and takes it back. @param {string} word @param {HTMLInputElement} query @param {() => void} show */
function chip(word, query, show) {
  const click = () => {
    query.value = query.value === word ? "" : word;
    show();
  };
  return html("button", { type: "button", click }, [word]);
}
