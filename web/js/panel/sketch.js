// @ts-check
/** The small plot on a card of the browser, drawn when it comes into sight. */

import { drawing, paint } from "../svg.js";

/** Heights from 0 to 1; of samplers the share of fresh noise and the evaluations of each step, too. */
/** @typedef {{levels: number[], noise?: number[], evaluations?: number[]}} Sketch @typedef {import("../plot/chart.js").Tree} Tree */

const [WIDTH, HEIGHT, EDGE] = [84, 40, 3];

/** @type {WeakMap<Element, () => void>} */
const waiting = new WeakMap();

const watcher = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) continue;
    waiting.get(target)?.();
    watcher.unobserve(target);
  }
});

/** @param {Sketch} sketch @param {string} label for those who cannot see it */
export function small(sketch, label) {
  const svg = drawing();
  svg.classList.add("sketch");
  svg.setAttribute("aria-label", label);
  waiting.set(svg, () => paint(svg, shapes(sketch), WIDTH, HEIGHT));
  watcher.observe(svg);
  return svg;
}

/** @param {Sketch} sketch @returns {Tree[]} */
function shapes({ levels, noise = [], evaluations = [] }) {
  const wide = (WIDTH - 2 * EDGE) / (levels.length - 1);
  const x = (/** @type {number} */ i) => EDGE + i * wide;
  const y = (/** @type {number} */ height) => HEIGHT - EDGE - height * (HEIGHT - 2 * EDGE);
  /** @type {Tree[]} */
  const bars = noise.map((height, i) => ["rect", { x: x(i + 0.2), y: y(height * levels[i]), width: wide * 0.6, height: y(0) - y(height * levels[i]) }]);
  const ticks = evaluations.flatMap((count, i) => Array.from({ length: count }, (_, k) => `M${x(i + (k + 0.5) / count)} ${HEIGHT}v-3`)).join("");
  return [...bars, ["polyline", { points: levels.map((height, i) => `${x(i)},${y(height)}`).join(" ") }], ["path", { d: ticks }]];
}
