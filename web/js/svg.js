// @ts-check
/** Elements of the page, and trees of shapes put into it. */

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; text never becomes markup. */
/** @param {string} tag @param {Record<string, any>} [attributes] @param {(Node | string)[]} [children] @returns {HTMLElement} */
export function html(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** An empty drawing. */
export function drawing() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("role", "img");
  return svg;
}

/** @param {import("./plot/chart.js").Tree} tree @returns {SVGElement} */
function build([tag, attributes, inside]) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (typeof inside === "string") element.textContent = inside;
  else if (inside) element.append(...inside.map(build));
  return element;
}

/** Put `trees` into an svg element, in place of what is there. */
/** @param {SVGElement} svg @param {import("./plot/chart.js").Tree[]} trees @param {number} width @param {number} height */
export function paint(svg, trees, width, height) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...trees.map(build));
}
