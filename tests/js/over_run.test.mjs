import assert from "node:assert/strict";
import test from "node:test";
import { detail, scales } from "../../web/js/editor/over_run.js";

test("detail is a number or a curve, also below 0", () => {
  assert.deepEqual(detail.parse("0.05"), [[0, 0.05], [100, 0.05]]);
  assert.deepEqual(detail.parse("20:0, 50:-0.1"), [[20, 0], [50, -0.1]]);
  assert.deepEqual(detail.parse(""), []);
  for (const wrong of ["lots", "0.9", "0:0.6", "0:x"]) assert.equal(detail.parse(wrong), null, wrong);
  assert.deepEqual(detail.add([[20, 0]], [40, -0.05]), [[[20, 0], [40, -0.05]], 1]);
});

test("the frame of detail has room for what is there, within what is allowed", () => {
  assert.deepEqual(detail.frame([], [0, 0.2]), [0, 0.2]);
  assert.deepEqual(detail.frame([[0, 0.45]], [0, 0.2]), [0, 0.5]);
  const [low, high] = detail.frame([[0, -0.3], [100, 0.1]], [0, 0.2]);
  assert.ok(low <= -0.3 && low >= -0.5 && high >= 0.1);
});

test("a range beside the scales is kept while points move, and goes with the last of them", () => {
  assert.deepEqual(scales.parse("0:9, 100:5, 20-80"), [[0, 9], [100, 5]]);
  assert.deepEqual(scales.parse("20-80"), []);
  assert.equal(scales.parse("10-20, 30-40"), null);
  assert.equal(scales.text([[0, 7]], "0:9, 20 - 80"), "0:7, 20 - 80");
  assert.equal(scales.text([], "0:9, 20-80"), "");
  assert.deepEqual(scales.parse(scales.text(scales.SHAPES["in the middle"])), scales.SHAPES["in the middle"]);
});
