// @ts-check
/** The profiles in the sidebar: list, rename, delete, save as a file, take in a file. */

import { toast } from "../host.js";
import { say } from "../say.js";
import { call, row, sure } from "./shelf.js";
import { html } from "../svg.js";

/** @typedef {{name: string, title: string, cfg: number | null, space: string, whole: boolean, ratios: Record<string, number>, evaluations: number}} Profile */

const LETTERS = 1 << 17; // of a file

/** The list, filled from the server. */
export function profiles() {
  const list = html("ul", { class: "entries" });
  const empty = html("p", {}, [say("No profiles yet: Sigmatic Fit Schedule makes them, with fit set to profile.")]);
  const show = (/** @type {{profiles: Profile[]} | null} */ answer) => {
    if (!answer) return;
    empty.hidden = answer.profiles.length > 0;
    list.replaceChildren(...answer.profiles.map((one) => profile(one, show)));
  };
  const file = /** @type {HTMLInputElement} */ (html("input", { type: "file", accept: ".json,application/json", "aria-label": say("File of a profile") }));
  file.hidden = true;
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    file.value = "";
    if (chosen) show(await takeIn(chosen));
  });
  const button = html("button", { type: "button", click: () => file.click() }, [say("import a file")]);
  call("profiles", "GET").then(show);
  return html("div", { class: "presets" }, [html("div", { class: "row" }, [button, file]), empty, list]);
}

/** @param {File} file @returns {Promise<any>} the list after it, null where it is refused */
async function takeIn(file) {
  if (file.size > LETTERS) {
    toast("error", say("{name} is too large for a profile.", { name: file.name }));
    return null;
  }
  const name = file.name.replace(/\.json$/i, "").replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 64) || "profile";
  const answer = await call("profiles", "POST", { name, text: await file.text() });
  if (answer) toast("success", say("{name} is imported.", { name: file.name }));
  return answer;
}

/** What a profile is, in a line. @param {Profile} one */
export function words({ title, cfg, space, whole, ratios, evaluations }) {
  const parts = [title, cfg === null ? "" : `cfg ${cfg}`, space === "flow" ? say("flow models") : say("VE models (SD 1, 2, XL)")];
  const gains = Object.entries(ratios).map(([steps, ratio]) => say("{ratio} with {steps} steps", { ratio: ratio.toFixed(2), steps }));
  if (gains.length) parts.push(`${say("error against sig_arc as it comes:")} ${gains.join(", ")}`);
  parts.push(say("{n} model evaluations", { n: evaluations }));
  if (!whole) parts.push(say("broken off: run the fit again"));
  return parts.filter(Boolean).join(" · ");
}

/** @param {Profile} one @param {(answer: any) => void} show */
function profile(one, show) {
  const { name } = one;
  const query = `?name=${encodeURIComponent(name)}`;
  const rename = async (/** @type {string} */ wanted) => {
    const answer = await call("profiles", "POST", { name, rename: wanted });
    show(answer);
    if (answer) toast("success", say("{name} is now {other}.", { name, other: wanted }));
    return Boolean(answer);
  };
  const remove = async () => {
    if (!(await sure(say("Delete the profile {name}? sig_fitted is sig_auto then, until it is measured again.", { name })))) return;
    const answer = await call("profiles", "DELETE", null, query);
    show(answer);
    if (answer) toast("success", say("{name} is deleted.", { name }));
  };
  const save = async () => {
    const content = await call("profiles", "GET", null, query);
    if (content) download(`${name}.json`, JSON.stringify(content, null, 1));
  };
  const told = { save: say("Save the profile {name} as a file", { name }), remove: say("Delete the profile {name}", { name }) };
  return row({ name, label: say("Name of the profile {name}", { name }), buttons: [[say("export"), told.save, save], [say("delete"), told.remove, remove]], words: words(one), rename });
}

/** Hand a text to the browser as a file. @param {string} name @param {string} text */
function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = /** @type {HTMLAnchorElement} */ (html("a", { href: address, download: name }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
