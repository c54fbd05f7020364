import assert from "node:assert/strict";
import { test } from "node:test";
import { evenTicks, format, linear, log, logTicks, span } from "../../web/js/scale.js";

/** Numbers from a small generator of its own, the same in every run. */
function* numbers(count) {
  let state = 12345;
  for (let i = 0; i < count; i++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

test("scales put their ends at their ends, and keep the order", () => {
  for (const make of [linear, log]) {
    const scale = make(0.03, 14.6, 100, 5);
    assert.ok(Math.abs(scale.to(0.03) - 100) < 1e-9);
    assert.ok(Math.abs(scale.to(14.6) - 5) < 1e-9);
    assert.ok(scale.to(1) > scale.to(2));
  }
  assert.equal(log(0.1, 10, 0, 1).to(0), 0, "what a logarithm does not know lies at the end");
  assert.equal(linear(3, 3, 0, 10).to(3), 0, "a range of one value");
});

test("even ticks are inside, evenly spaced, about as many as asked for", () => {
  const seen = [...numbers(300)];
  for (let i = 0; i + 1 < seen.length; i += 2) {
    const low = (seen[i] - 0.5) * 10 ** (8 * seen[i + 1] - 4);
    const high = low + 10 ** (8 * seen[i] - 4);
    const ticks = evenTicks(low, high, 4);
    const slack = (high - low) * 1e-6;
    assert.ok(ticks.length >= 1 && ticks.length <= 6, `${low} ${high}: ${ticks}`);
    assert.ok(ticks[0] >= low - slack && ticks[ticks.length - 1] <= high + slack);
    const gaps = ticks.slice(1).map((t, k) => t - ticks[k]);
    assert.ok(gaps.every((gap) => Math.abs(gap - gaps[0]) < 1e-6 * Math.abs(gap)), `${ticks}`);
  }
});

test("log ticks are powers of ten where there is room for two", () => {
  assert.deepEqual(logTicks(0.029, 14.6, 4), [0.1, 1, 10]);
  assert.deepEqual(logTicks(0.3, 4, 4), [0.5, 1, 2]);
  assert.ok(logTicks(1e-6, 1e6, 4).length <= 6);
  assert.ok(logTicks(2.1, 2.3, 4).length >= 2);
});

test("numbers are written for people", () => {
  const pairs = [
    [14.614642, "14.6146"], [0, "0"], [1, "1"], [-2.5, "−2.5"], [0.00001234, "1.234e−5"], [1e9, "1e9"],
    [null, "∞"], [Infinity, "∞"], [100, "100"], [0.1 + 0.2, "0.3"], [1234567, "1.23457e6"],
  ];
  for (const [value, text] of pairs) assert.equal(format(value), text);
});

test("format loses no more than it says", () => {
  for (const t of numbers(500)) {
    const value = (t - 0.5) * 10 ** (20 * t - 10);
    const back = Number(format(value).replaceAll("−", "-"));
    assert.ok(Math.abs(back - value) <= Math.abs(value) * 5.1e-6, `${value} ${format(value)}`);
  }
});

test("the span leaves out infinity", () => {
  assert.deepEqual(span([null, 3, -1, null]), [-1, 3]);
  assert.deepEqual(span([null]), [0, 1]);
});
