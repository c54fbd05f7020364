// @ts-check
/** Scales, ticks and numbers in words: pure functions, nothing of the page. */

/**
 * A scale from values to pixels, and back with `of`.
 * @typedef {{to: (value: number) => number, of: (px: number) => number, ticks: number[], kind: "linear" | "log"}} Scale
 */

/**
 * Even in the value itself.
 * @param {number} low @param {number} high @param {number} from @param {number} to
 * @param {number} [count] about how many ticks @returns {Scale}
 */
export function linear(low, high, from, to, count = 4) {
  const span = high > low ? high - low : 1;
  const slope = (to - from) / span;
  return { kind: "linear", to: (v) => from + (v - low) * slope, of: (px) => low + (px - from) / slope, ticks: evenTicks(low, high, count) };
}

/**
 * Even in the logarithm; values below `low` (0 among them) lie at its end.
 * @param {number} low @param {number} high both above 0 @param {number} from @param {number} to
 * @param {number} [count] @returns {Scale}
 */
export function log(low, high, from, to, count = 4) {
  const inner = linear(Math.log(low), Math.log(high), from, to, 1);
  return { kind: "log", to: (v) => inner.to(Math.log(Math.max(v, low))), of: (px) => Math.exp(inner.of(px)), ticks: logTicks(low, high, count) };
}

/**
 * Round numbers between two ends: 1, 2 or 5 times a power of ten apart.
 * @param {number} low @param {number} high @param {number} count @returns {number[]}
 */
export function evenTicks(low, high, count) {
  if (!(high > low) || !Number.isFinite(high - low)) return [low];
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) ?? 10 * power;
  const ticks = [];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  for (let k = 0; k <= last - first; k++) ticks.push(clean((first + k) * step));
  return ticks;
}

/**
 * Powers of ten between two ends; with fewer than two of them, 1, 2 and 5 times those; every so many if there are too many.
 * @param {number} low @param {number} high @param {number} count @returns {number[]}
 */
export function logTicks(low, high, count) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  /** @param {number[]} factors */
  const within = (factors) => {
    const ticks = [];
    for (let k = first; k <= last; k++) for (const f of factors) ticks.push(clean(f * 10 ** k));
    return ticks.filter((v) => v >= low * 0.9999 && v <= high * 1.0001);
  };
  const powers = within([1]);
  if (powers.length >= 2) {
    const every = Math.ceil(powers.length / (count + 1));
    return powers.filter((_, k) => (powers.length - 1 - k) % every === 0);
  }
  const finer = within([1, 2, 5]);
  return finer.length >= 2 ? finer : evenTicks(low, high, count);
}

/** Without the dust that sums of floats leave. @param {number} value */
function clean(value) {
  return Number(value.toPrecision(12));
}

/**
 * A number for people: up to `digits` digits, no zeros at the end, a true minus sign.
 * @param {number | null} value null is infinity, as the route writes it @param {number} [digits]
 */
export function format(value, digits = 6) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "∞";
  const size = Math.abs(value);
  const plain = size !== 0 && (size < 1e-4 || size >= 10 ** digits) ? value.toExponential(digits - 1) : value.toPrecision(digits);
  const [digitsOnly, exponent] = plain.split("e");
  const short = digitsOnly.includes(".") ? digitsOnly.replace(/\.?0+$/, "") : digitsOnly;
  const text = exponent === undefined ? String(Number(short)) : `${short}e${Number(exponent)}`;
  return text.replace(/^-/, "−").replace("e-", "e−");
}

/** The span of the finite ones of some numbers; `none` where there are none. */
/** @param {(number | null)[]} values @param {[number, number]} [none] @returns {[number, number]} */
export function span(values, none = [0, 1]) {
  const finite = /** @type {number[]} */ (values.filter((v) => v !== null && Number.isFinite(v)));
  return finite.length ? [Math.min(...finite), Math.max(...finite)] : none;
}

/** How many digits after the point a number has, of the seven that a float32 keeps. @param {number} value */
export function digits(value) {
  const text = String(Number(value.toPrecision(7)));
  return text.includes("e-") ? Number(text.split("e-")[1]) : text.split(".")[1]?.length ?? 0;
}
