import assert from "node:assert/strict";
import { test } from "node:test";
import { add, first, frame, move, parse, remove, text, valueAt } from "../../web/js/editor/drawn.js";

const POINTS = [[0, 14.6], [50, 1], [100, 0.03]];
const FRAME = [0.01, 20];

test("text and points are the same thing, and sigmas alone are spread evenly", () => {
  for (const points of [[], POINTS, [[0, 0.99], [33.333, 0.5], [100, 0.0291675]]]) assert.deepEqual(parse(text(points)), points);
  for (const said of ["14.6, 1, 0.03", "14.6 1\n0.03, 0", "0:14.6, 50:1, 100:0.03", "0:14.6, 25:1, 50:0.03", "0:14.6, 50:1, 100:0.03, 100:0"]) {
    assert.deepEqual(parse(said), POINTS, said);
  }
});

test("what does not fall, or is no number, is none", () => {
  for (const wrong of ["a, b", "1, 2", "3, 3", "1, -1", "0:1, 50:2", "50:1, 0:0.5", "0:1, 100:-1", "<b>"]) assert.equal(parse(wrong), null, wrong);
});

test("whatever is done to the points, they still fall from 0 to 100 percent", () => {
  let points = POINTS;
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let k = 0; k < 2000; k++) {
    const to = [random() * 140 - 20, 10 ** (random() * 6 - 4)];
    const i = Math.floor(random() * points.length);
    const what = points.length < 3 || (points.length < 30 && random() < 0.3) ? "add" : random() < 0.2 ? "remove" : "move";
    points = what === "add" ? add(points, to)[0] : what === "remove" ? remove(points, i) : move(points, i, to, FRAME);
    if (points.length < 2) points = POINTS;
    const again = parse(text(points));
    assert.ok(again, `${what}: ${text(points)}`);
    assert.equal(again.length, points.length);
    assert.deepEqual([again[0][0], again[again.length - 1][0]], [0, 100]);
  }
});

test("a moved point goes where it is put, if it may", () => {
  assert.deepEqual(move(POINTS, 1, [60, 2], FRAME)[1], [60, 2]);
  assert.ok(move(POINTS, 1, [60, 99], FRAME)[1][1] < 14.6);
  assert.deepEqual(move(POINTS, 0, [30, 99], FRAME)[0], [0, 20]);
  assert.deepEqual(POINTS[1], [50, 1], "the old points are not touched");
});

test("a drawing begins with the run that is there", () => {
  const levels = Array.from({ length: 20 }, (_, i) => 10 * 0.7 ** i);
  const begun = first([...levels, 0]);
  assert.equal(begun.length, 5);
  assert.deepEqual([begun[0], begun[4][1]], [[0, 10], levels[19]]);
  for (const [i, level] of levels.entries()) assert.ok(Math.abs(Math.log(valueAt(begun, (100 * i) / 19) / level)) < 0.02);
  for (const few of [[], [0], [3, 0], [2, 2, 2, 0]]) assert.ok(parse(text(first(few)))?.length >= 2, String(few));
  assert.ok(parse(text(first([3, 2, 0]))));
});

test("all points are in the frame", () => {
  assert.deepEqual(frame(POINTS, [0.1, 10]), [0.03, 14.6]);
  assert.deepEqual(frame([], [0.1, 10]), [0.1, 10]);
});
