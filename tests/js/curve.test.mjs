import assert from "node:assert/strict";
import { test } from "node:test";
import { add, frame, move, parse, remove, text, valueAt } from "../../web/js/editor/curve.js";

test("text and points are the same thing", () => {
  for (const points of [[], [[0, 1]], [[0, 1], [50, 0.5], [100, 0]], [[10, 2], [10, 0]], [[33.333, 0.125]]]) {
    assert.deepEqual(parse(text(points)), points);
  }
  assert.deepEqual(parse(" 0 : 1 ,50:.5, "), [[0, 1], [50, 0.5]]);
});

test("what is no curve is none", () => {
  for (const wrong of ["50", "0:1, x", "0:1 50:2", "50:1, 0:1", "101:1", "-1:1", "0:", ":1", "0:1:2", "0:1,,50:2", "0:inf", "<b>:1"]) {
    assert.equal(parse(wrong), null, wrong);
  }
});

test("a moved point stays between its neighbours and in the frame", () => {
  const points = [[0, 1], [50, 0.5], [100, 0]];
  assert.deepEqual(move(points, 1, [-20, 9], [0, 2]), [[0, 1], [0, 2], [100, 0]]);
  assert.deepEqual(move(points, 1, [300, -1], [0, 2])[1], [100, 0]);
  assert.deepEqual(move(points, 0, [70, 1], [0, 2])[0], [50, 1]);
  assert.deepEqual(points[1], [50, 0.5], "the old points are not touched");
});

test("added points are in order, removed ones are gone", () => {
  let points = [];
  for (const place of [50, 0, 100, 50, 25]) {
    const [more, at] = add(points, [place, place / 100]);
    assert.deepEqual(more[at], [place, place / 100]);
    points = more;
  }
  assert.ok(parse(text(points)));
  assert.deepEqual(remove(points, 1).map(([place]) => place), [0, 50, 50, 100]);
});

test("between points lie straight lines", () => {
  const points = [[20, 1], [60, 0], [60, 4]];
  assert.deepEqual([0, 20, 40, 60, 100].map((at) => valueAt(points, at)), [1, 1, 0.5, 4, 4]);
});

test("the frame is as high as it must be", () => {
  assert.deepEqual(frame([], [0, 1]), [0, 1]);
  assert.deepEqual(frame([[0, 1.2]], [0, 1]), [0, 1.5]);
  assert.deepEqual(frame([[0, 70]], [0, 1]), [0, 100]);
  assert.deepEqual(frame([[0, 0.5]], [0, 1.2]), [0, 1.2]);
});
