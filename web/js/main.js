// @ts-check
/** The extension: what is added to the page, and when. */

import { api, app } from "./host.js";
import { addPlot, refresh } from "./plot.js";
import { dress } from "./style.js";

app.registerExtension({
  name: "Sigmatic",
  settings: [
    {
      id: "Sigmatic.Plot.Show",
      category: ["Sigmatic", "Plot", "Show"],
      name: "Show plots on nodes",
      tooltip: "Draw on the nodes what they will do.",
      type: "boolean",
      defaultValue: true,
      onChange: () => setTimeout(refresh),
    },
  ],
  setup() {
    dress();
    /** @type {any} */ (globalThis).__sigmatic_ready = true;
    api.addEventListener("graphChanged", refresh);
  },
  nodeCreated: addPlot,
});
