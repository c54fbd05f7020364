// @ts-check
/** Plots that are not wanted are folded away: their nodes are lower by as much, be they there already or loaded. */

import { chain, refit, setting } from "../host.js";

/** @typedef {import("./plot.js").Plot} Plot */

/** Saved with a node whose plot is folded away: its size is one without the plot. */
const FOLDED = "sigmatic_folded";

/** Begin as the setting says, on a node that has room for it. @param {Plot} plot */
export function folding(plot) {
  const { node } = plot;
  fold(plot, !setting("Sigmatic.Plot.Show", true));
  const [width, height] = node.computeSize();
  node.setSize([Math.max(width, node.size[0]), Math.max(height, node.size[1])]);
  chain(node, "onSerialize", (saved) => {
    const { [FOLDED]: _, ...others } = saved.properties ?? {};
    saved.properties = plot.widget.hidden ? { ...others, [FOLDED]: true } : others;
  });
  chain(node, "onConfigure", (saved) => {
    fold(plot, Boolean(saved?.properties?.[FOLDED]));
    plot.edit();
    shown(plot);
  });
}

/** Follow the setting. @param {Plot} plot @returns {boolean} whether the plot is shown */
export function shown(plot) {
  const hidden = !setting("Sigmatic.Plot.Show", true);
  if (hidden !== plot.widget.hidden) refit(plot.node, () => fold(plot, hidden), true);
  return !hidden;
}

/** @param {Plot} plot @param {boolean} hidden */
function fold({ widget, element }, hidden) {
  widget.hidden = hidden;
  if (widget.options) widget.options.hidden = hidden;
  element.style.display = hidden ? "none" : "";
}
