// @ts-check
/** One line for newcomers: lists can be made shorter. It goes when it has been answered. */

import { app } from "../host.js";
import { say } from "../say.js";
import { html } from "../svg.js";

/** Kept in the browser: the line has been answered. */
const ANSWERED = "sigmatic.families.offered";

/** The line; nothing where it has been answered. @returns {HTMLElement[]} */
export function hint() {
  if (localStorage.getItem(ANSWERED)) return [];
  const answered = () => {
    localStorage.setItem(ANSWERED, "yes");
    line.remove();
  };
  const open = () => {
    answered();
    app.extensionManager?.command?.execute?.("Comfy.ShowSettingsDialog");
  };
  const line = html("div", { class: "hint" }, [
    html("span", {}, [say("Lists too long? Leave out families in the settings, at Sigmatic.")]),
    html("button", { type: "button", click: open }, [say("settings")]),
    html("button", { type: "button", "aria-label": say("Do not show this again"), click: answered }, ["×"]),
  ]);
  return [line];
}
