// @ts-check
/** The extension: what is added to the page, and when. */

import { retell, tab } from "./panel/browser.js";
import { catalogue } from "./panel/catalogue.js";
import { filterAll, filterNode } from "./panel/filter.js";
import { api, app, chain, onSetting, toast } from "./host.js";
import { learn } from "./language.js";
import { findFirst } from "./menu/found.js";
import { followLists } from "./menu/lists.js";
import { offerTurn } from "./menu/turn.js";
import { foldRare, refold } from "./plot/advanced.js";
import { watchZoom } from "./plot/far.js";
import { addInfo } from "./plot/info.js";
import { addPlot, refresh, relabel } from "./plot/plot.js";
import { addReport } from "./plot/report.js";
import { followRuns } from "./plot/running.js";
import { saveSelected } from "./panel/presets.js";
import { say } from "./say.js";
import { settings, useDefaults } from "./panel/settings.js";
import { addSheet } from "./sheet/panel.js";
import { dress } from "./style.js";
import { makeRoom, takeBack } from "./warnings.js";
import { tend } from "./widgets.js";

/** Ask for a name and save what a node is set to. @param {any} node */
async function savePreset(node) {
  const name = await app.extensionManager.dialog.prompt({ title: say("Save as Sigmatic preset"), message: say("Name: letters, digits, _ and -") });
  if (!name) return;
  app.canvas.selectNode(node);
  if (await saveSelected(String(name).trim())) toast("success", say("{name} is in the lists.", { name: `sig_my_${String(name).trim()}` }));
}

/** Put "Save as Sigmatic preset" into the menu of our nodes with a sampler or a schedule, as all front ends know it. @param {any} node */
function offerPreset(node) {
  if (!String(node.constructor.comfyClass ?? "").startsWith("Sigmatic")) return;
  if (!node.widgets?.some((/** @type {any} */ one) => /^(sampler|schedule)$/.test(one.name))) return;
  const item = () => ({ content: say("Save as Sigmatic preset"), callback: () => savePreset(node) });
  chain(node, "getExtraMenuOptions", (_, options) => options.push(item()));
}

/** The page may speak another language now. */
async function listen() {
  if (!(await learn())) return;
  relabel();
  retell(catalogue);
}

app.registerExtension({
  name: "Sigmatic",
  settings: settings(catalogue.samplers),
  setup() {
    dress();
    api.addEventListener("graphChanged", refresh);
    api.addEventListener("executing", takeBack);
    api.addEventListener("progress_text", makeRoom);
    onSetting("Comfy.Locale", listen);
    onSetting("Comfy.VueNodes.Enabled", refold);
    followRuns();
    watchZoom();
    followLists();
    if (catalogue.samplers.length) app.extensionManager?.registerSidebarTab?.(tab(catalogue));
  },
  beforeRegisterVueAppNodeDefs: findFirst,
  nodeCreated(/** @type {any} */ node) {
    useDefaults(node);
    filterNode(node, catalogue.samplers);
    chain(node, "onConfigure", () => filterNode(node, catalogue.samplers));
    foldRare(node);
    addPlot(node);
    addInfo(node);
    addReport(node);
    addSheet(node);
    tend(node);
    offerPreset(node);
    offerTurn(node);
  },
  afterConfigureGraph() {
    refresh();
  },
  refreshComboInNodes() {
    setTimeout(() => filterAll(catalogue.samplers, undefined, true));
  },
});
