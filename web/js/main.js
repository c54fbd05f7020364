// @ts-check
/** The extension: what is added to the page, and when. */

import { tab } from "./browser.js";
import { catalogue } from "./catalogue.js";
import { filterAll, filterNode } from "./filter.js";
import { api, app } from "./host.js";
import { addPlot, refresh, watch } from "./plot.js";
import { settings, useDefaults } from "./settings.js";
import { dress } from "./style.js";

app.registerExtension({
  name: "Sigmatic",
  settings: settings(catalogue.samplers),
  setup() {
    dress();
    api.addEventListener("graphChanged", refresh);
    setInterval(watch, 1000);
    if (catalogue.samplers.length) app.extensionManager?.registerSidebarTab?.(tab(catalogue));
    /** @type {any} */ (globalThis).__sigmatic_ready = true;
  },
  nodeCreated(/** @type {any} */ node) {
    useDefaults(node);
    filterNode(node, catalogue.samplers);
    addPlot(node);
  },
  refreshComboInNodes() {
    setTimeout(() => filterAll(catalogue.samplers, undefined, true));
  },
});
