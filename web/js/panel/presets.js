// @ts-check
/** The presets in the sidebar: list, rename, delete, and save what a selected node is set to. */

import { catalogue } from "./catalogue.js";
import { api, app, toast, valueNames } from "../host.js";
import { asPreset, listed } from "./preset.js";
import { say } from "../say.js";
import { useInSelected } from "./use.js";
import { html } from "../svg.js";

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The list, filled from the server. */
export function presets() {
  const list = html("ul", { class: "entries" });
  const name = /** @type {HTMLInputElement} */ (html("input", { type: "text", placeholder: say("name of a new preset"), "aria-label": say("Name of a new preset") }));
  const show = (/** @type {any} */ book) => book && list.replaceChildren(...listed(book).map((entry) => row(entry, show)));
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
  call("GET").then(show);
  return html("div", { class: "presets" }, [html("div", { class: "row" }, [name, button]), list]);
}

/** @param {[string, string]} entry @param {(book: any) => void} show */
function row([name, words], show) {
  const field = /** @type {HTMLInputElement} */ (html("input", { type: "text", value: name, "aria-label": say("Name of the preset {name}", { name }) }));
  const rename = async () => {
    if (field.value === name) return;
    const book = allowed(field) ? await call("POST", { name, rename: field.value.trim() }) : null;
    if (!book) return void (field.value = name);
    show(book);
    toast("success", say("{name} is now {other}.", { name: `sig_my_${name}`, other: `sig_my_${field.value.trim()}` }));
  };
  const remove = async () => {
    const sure = await app.extensionManager.dialog.confirm({ title: "Sigmatic", message: say("Delete the preset {name}? Workflows that use it will not run.", { name }) });
    if (!sure) return;
    const book = await call("DELETE", null, `?name=${encodeURIComponent(name)}`);
    show(book);
    if (book) toast("success", say("{name} is deleted.", { name: `sig_my_${name}` }));
  };
  const use = () => useInSelected(`sig_my_${name}`, ["sampler", "sampler_name", "schedule", "scheduler"]);
  field.addEventListener("change", rename);
  return html("li", {}, [
    html("div", { class: "head" }, [field, html("button", { type: "button", "aria-label": say("Use {name} in the selected nodes", { name: `sig_my_${name}` }), click: use }, [say("use")]), html("button", { type: "button", "aria-label": say("Delete the preset {name}", { name }), click: remove }, [say("delete")])]),
    html("div", {}, [words]),
  ]);
}

/** Whether a field holds a name that a preset may have; it says so at once. @param {HTMLInputElement} field @param {boolean} [loud] */
function allowed(field, loud = true) {
  const right = NAME.test(field.value.trim()) || (!loud && field.value === "");
  field.setCustomValidity(right ? "" : say("Name: letters, digits, _ and -"));
  field.classList.toggle("wrong", !right);
  if (!right && loud) toast("error", say("Name: letters, digits, _ and -"));
  return right;
}

/** Save the first selected node that has a sampler or a schedule of ours. @param {string} name @returns {Promise<any>} the book, or null */
export async function saveSelected(name) {
  for (const node of Object.values(app.canvas.selected_nodes ?? {})) {
    const values = Object.fromEntries(valueNames(node).map((key) => [key, node.widgets?.find((/** @type {any} */ one) => one.name === key)?.value]));
    const body = asPreset(name, values, catalogue);
    if (body) return call("POST", body);
  }
  toast("info", say("Select a node with a sampler or schedule of Sigmatic first."));
  return null;
}

/** @param {string} method @param {any} [body] @param {string} [query] @returns {Promise<any>} the book after it, null where it is refused */
async function call(method, body = null, query = "") {
  const sent = body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  try {
    const reply = await api.fetchApi(`/sigmatic/presets${query}`, { method, ...sent });
    const answer = await reply.json();
    if (reply.ok) {
      if (method !== "GET") app.refreshComboInNodes?.();
      return answer;
    }
    toast("error", String(answer.error));
  } catch (error) {
    toast("error", say("The server does not answer: {error}", { error }));
  }
  return null;
}
