// @ts-check
/** The presets in the sidebar: list, rename, delete, and save what a selected node is set to. */

import { catalogue } from "./catalogue.js";
import { app, toast, valueNames } from "../host.js";
import { asPreset, listed } from "./preset.js";
import { say } from "../say.js";
import { allowed, call, row, sure } from "./shelf.js";
import { useInSelected } from "./use.js";
import { html } from "../svg.js";

/** The list, filled from the server. */
export function presets() {
  const list = html("ul", { class: "entries" });
  const name = /** @type {HTMLInputElement} */ (html("input", { type: "text", placeholder: say("name of a new preset"), "aria-label": say("Name of a new preset") }));
  const show = (/** @type {any} */ book) => book && list.replaceChildren(...listed(book).map((entry) => preset(entry, show)));
  const save = async () => {
    const wanted = name.value.trim();
    if (!allowed(name)) return;
    const book = await saveSelected(wanted);
    show(book);
    if (book) toast("success", say("{name} is in the lists.", { name: `sig_my_${wanted}` }));
  };
  name.addEventListener("input", () => allowed(name, false));
  const button = html("button", { type: "button", click: save }, [say("save the selected node")]);
  name.addEventListener("keydown", (event) => event.key === "Enter" && save());
  call("presets", "GET").then(show);
  return html("div", { class: "presets" }, [html("div", { class: "row" }, [name, button]), list]);
}

/** @param {[string, string]} entry @param {(book: any) => void} show */
function preset([name, words], show) {
  const rename = async (/** @type {string} */ wanted) => {
    const book = await call("presets", "POST", { name, rename: wanted });
    show(book);
    if (book) toast("success", say("{name} is now {other}.", { name: `sig_my_${name}`, other: `sig_my_${wanted}` }));
    return Boolean(book);
  };
  const remove = async () => {
    if (!(await sure(say("Delete the preset {name}? Workflows that use it will not run.", { name })))) return;
    const book = await call("presets", "DELETE", null, `?name=${encodeURIComponent(name)}`);
    show(book);
    if (book) toast("success", say("{name} is deleted.", { name: `sig_my_${name}` }));
  };
  const use = () => useInSelected(`sig_my_${name}`, ["sampler", "sampler_name", "schedule", "scheduler"]);
  const told = { use: say("Use {name} in the selected nodes", { name: `sig_my_${name}` }), remove: say("Delete the preset {name}", { name }) };
  return row({ name, label: say("Name of the preset {name}", { name }), buttons: [[say("use"), told.use, use], [say("delete"), told.remove, remove]], words, rename });
}

/** Save the first selected node that has a sampler or a schedule of ours. @param {string} name @returns {Promise<any>} the book, or null */
export async function saveSelected(name) {
  for (const node of Object.values(app.canvas.selected_nodes ?? {})) {
    const values = Object.fromEntries(valueNames(node).map((key) => [key, node.widgets?.find((/** @type {any} */ one) => one.name === key)?.value]));
    const body = asPreset(name, values, catalogue);
    if (body) return call("presets", "POST", body);
  }
  toast("info", say("Select a node with a sampler or schedule of Sigmatic first."));
  return null;
}
