// @ts-check
/** Lists of our nodes open at their chosen value. Nodes 2.0 does that by itself; the classic canvas opens them at their first. */

import { app } from "../host.js";

/** The entry of a menu that is chosen, where the menu is the list of a widget of ours. @param {Element[]} entries @param {any} node that was clicked */
export function chosenEntry(entries, node) {
  if (!String(node?.constructor?.comfyClass ?? "").startsWith("Sigmatic")) return undefined;
  const texts = entries.map((entry) => entry.textContent);
  const same = (/** @type {any} */ values) => Array.isArray(values) && values.length === texts.length && values.every((value, i) => String(value) === texts[i]);
  const widget = node.widgets?.find((/** @type {any} */ one) => same(one.options?.values));
  return widget && entries[texts.indexOf(String(widget.value))];
}

/** @param {HTMLElement} menu */
function open(menu) {
  const entry = chosenEntry([...menu.querySelectorAll(".litemenu-entry")], /** @type {any} */ (app.canvas)?.current_node);
  if (!entry) return;
  const [there, around] = [entry, menu].map((one) => one.getBoundingClientRect());
  const zoom = around.height / menu.offsetHeight || 1; // the page scales menus with the canvas
  menu.scrollTop += (there.top + there.bottom - around.top - around.bottom) / 2 / zoom;
  const filter = /** @type {HTMLElement | null} */ (menu.querySelector(":scope > input"));
  if (filter && menu.scrollTop) Object.assign(filter.style, { position: "sticky", top: "0" }); // typing still finds names
}

/** Watch for menus. The page places one, and focuses its field, in its second frame. */
export function followLists() {
  const later = (/** @type {() => void} */ deed) => requestAnimationFrame(() => requestAnimationFrame(deed));
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const added of addedNodes) {
        if (added instanceof HTMLElement && added.classList.contains("litecontextmenu")) later(() => open(added));
      }
    }
  }).observe(document.body, { childList: true });
}
