// @ts-check
/** Opening the editor of a curve below a plot, and closing it; the node has room for it. */

import { CurveEditor } from "../editor/curve_editor.js";
import { refit } from "../host.js";

/** Show the editor of the chosen curve, or none. */
/** @param {import("./plot.js").Plot} plot @param {boolean} grow the node by it (not one that is loaded: it was saved as large) @param {boolean} anew for its words */
export function edit(plot, grow, anew) {
  const widget = plot.node.widgets?.find(({ name }) => name === plot.choice.curve);
  if (plot.editor?.text === widget && !anew) return plot.editor?.draw();
  refit(plot.node, () => {
    plot.editor?.element.remove();
    plot.editor = widget ? new CurveEditor(plot.node, widget, () => plot.answer) : null;
    if (plot.editor) plot.foot.warns.before(plot.editor.element);
    plot.element.classList.toggle("open", Boolean(plot.editor));
  }, grow);
  requestAnimationFrame(() => plot.editor?.draw());
}
