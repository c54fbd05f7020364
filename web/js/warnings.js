// @ts-check
/** Room for warnings: in classic rendering the box that ComfyUI puts a text into, under its node, shows two lines of it. */

import { inPrompt, isVue, refitByItself } from "./host.js";

const [BOX, OURS] = ["$$node-text-preview", "Sigmatic: "];
const [LINE, EDGE, LETTER] = [18, 28, 7];

/** Take a warning of ours away when its node runs anew: it was of the run before. @param {{detail?: unknown}} event */
export function takeBack({ detail }) {
  const node = detail ? inPrompt(detail) : undefined;
  const place = node?.widgets?.findIndex((/** @type {any} */ one) => one.name === BOX && String(one.value).startsWith(OURS)) ?? -1;
  if (place < 0) return;
  refitByItself(node, () => { node.widgets[place].onRemove?.(); node.widgets.splice(place, 1); }, false);
}

/** Make the box under a node as high as a warning of ours. @param {{detail?: {nodeId?: string | number, text?: string}}} event */
export function makeRoom({ detail }) {
  const text = String(detail?.text ?? "");
  const node = inPrompt(detail?.nodeId);
  if (!node || isVue() || !text.startsWith(OURS)) return;
  setTimeout(() => {
    const box = node.widgets?.find((/** @type {any} */ one) => one.name === BOX);
    if (!box?.options) return;
    const letters = Math.max(10, (node.size[0] - 2 * EDGE) / LETTER);
    const lines = text.split("\n").reduce((sum, line) => sum + Math.ceil(line.length / letters), 0);
    refitByItself(node, () => { box.options.getMinHeight = () => EDGE + LINE * lines; }, false);
  });
}
