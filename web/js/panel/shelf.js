// @ts-check
/** What the lists of the user's own things have in common: names in fields, rows with buttons, calls of the server. */

import { api, app, toast } from "../host.js";
import { say } from "../say.js";
import { html } from "../svg.js";

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether a field holds a name that is allowed; it says so at once. @param {HTMLInputElement} field @param {boolean} [loud] */
export function allowed(field, loud = true) {
  const right = NAME.test(field.value.trim()) || (!loud && field.value === "");
  field.setCustomValidity(right ? "" : say("Name: letters, digits, _ and -"));
  field.classList.toggle("wrong", !right);
  if (!right && loud) toast("error", say("Name: letters, digits, _ and -"));
  return right;
}

/**
 * A row of a list: its name in a field that renames it, buttons, a line of words.
 * @param {{name: string, label: string, buttons: [string, string, () => void][], words: string, rename: (wanted: string) => Promise<boolean>}} of
 *   buttons: what is on each, what it does in words, and the deed
 */
export function row({ name, label, buttons, words, rename }) {
  const field = /** @type {HTMLInputElement} */ (html("input", { type: "text", value: name, "aria-label": label }));
  field.addEventListener("change", async () => {
    const wanted = field.value.trim();
    if (wanted !== name && !(allowed(field) && (await rename(wanted)))) field.value = name;
  });
  const made = buttons.map(([text, told, click]) => html("button", { type: "button", "aria-label": told, click }, [text]));
  return html("li", {}, [html("div", { class: "head" }, [field, ...made]), html("div", {}, [words])]);
}

/** Whether somebody who is asked is sure. @param {string} message @returns {Promise<boolean>} */
export async function sure(message) {
  return Boolean(await app.extensionManager.dialog.confirm({ title: "Sigmatic", message }));
}

/** @param {string} path @param {string} method @param {any} [body] @param {string} [query] @returns {Promise<any>} what is there after it, null where it is refused */
export async function call(path, method, body = null, query = "") {
  const sent = body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  try {
    const reply = await api.fetchApi(`/sigmatic/${path}${query}`, { method, ...sent });
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
