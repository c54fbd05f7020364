// @ts-check
/** The report of Sigmatic Sweep, over the page: a button on the node opens what its last run has written. */

import { api, chain, toast } from "../host.js";
import { say } from "../say.js";
import { html } from "../svg.js";

/** @typedef {import("../host.js").LNode} LNode */

const NODE = "SigmaticSweep";

/** The dialog that is open. @type {HTMLDialogElement | null} */
let open = null;

/** Whether the page around is dark: by how bright its text is. */
function shade() {
  const [r, g, b] = (getComputedStyle(document.body).color.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
  return 0.3 * r + 0.6 * g + 0.1 * b > 128 ? "dark" : "light";
}

/** Show the report of the sweep of this name. @param {string} name */
export async function openReport(name) {
  const path = `/sigmatic/sweeps/${encodeURIComponent(name)}/report.html`;
  const reply = await api.fetchApi(path, { cache: "no-store" });
  if (!reply.ok) return toast("info", reply.status === 404 ? say("There is no report of this name yet: run the workflow.") : say("The report cannot be read."));
  open?.close();
  const url = `${api.apiURL(path)}#${shade()}`;
  const frame = /** @type {HTMLIFrameElement} */ (html("iframe", { src: url, title: say("Report of {name}", { name }) }));
  const again = () => { frame.src = "about:blank"; setTimeout(() => { frame.src = url; }); };
  const dialog = /** @type {HTMLDialogElement} */ (html("dialog", { class: "sigmatic-report", "aria-label": say("Report of {name}", { name }) }, [
    html("div", { class: "row" }, [
      html("b", {}, [name]),
      html("button", { type: "button", class: "again", click: again }, [say("read again")]),
      html("a", { href: url, target: "_blank", rel: "noopener" }, [say("in a tab of its own")]),
      html("button", { type: "button", class: "close", click: () => dialog.close() }, [say("close")]),
    ]),
    frame,
  ]));
  dialog.addEventListener("close", () => { dialog.remove(); open = open === dialog ? null : open; });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the canvas has keys of its own
  document.body.append(dialog);
  dialog.showModal();
  open = dialog;
}

/** The button. @param {any} node */
export function addReport(node) {
  if ((node.constructor.comfyClass ?? node.type) !== NODE) return;
  let ran = "";
  chain(node, "onExecuted", (output) => { ran = output?.sweep?.[0] ?? ran; });
  const typed = () => node.widgets.find((/** @type {any} */ one) => one.name === "name");
  const linked = () => node.inputs?.some((/** @type {any} */ one) => one.name === "name" && one.link !== null && one.link !== undefined);
  const button = node.addWidget("button", "report", null, () => openReport(linked() ? ran : String(typed()?.value ?? ran)), { serialize: false });
  button.serialize = false;
  button.label = say("Open the report");
}
