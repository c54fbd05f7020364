// Draws plots as the page does: JSON [{answer, axis, width, height}] on stdin, [{svg, says}] on stdout; with `css`, styles.

import { chart } from "../../web/js/plot/chart.js";
import { caption } from "../../web/js/plot/words.js";
import { CSS } from "../../web/js/style.js";

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const safe = (text) => String(text).replace(/[&<>"]/g, (sign) => ENTITIES[sign]);

function markup([tag, attributes, inside]) {
  const given = Object.entries(attributes).map(([name, value]) => ` ${name}="${safe(value)}"`).join("");
  const content = typeof inside === "string" ? safe(inside) : (inside ?? []).map(markup).join("");
  return `<${tag}${given}>${content}</${tag}>`;
}

function drawn({ answer, axis, width, height }) {
  const says = caption(answer, [], null);
  const shapes = chart(answer, { axis, width, height }).map(markup).join("");
  const svg = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${safe(says)}">${shapes}</svg>`;
  return { svg, says };
}

if (process.argv[2] === "css") process.stdout.write(CSS);
else {
  let text = "";
  for await (const piece of process.stdin) text += piece;
  process.stdout.write(JSON.stringify(JSON.parse(text).map(drawn)));
}
