import assert from "node:assert/strict";
import { test } from "node:test";
import { account, advance, begin, done, pace, progress, time } from "../../web/js/plot/going.js";

const RAN = { steps: 10, evaluations: 19, seconds: 8, rejected: null, negative: true, levels: null };

test("the pace is that between steps: what comes before the first does not count", () => {
  const run = begin("", 10);
  assert.equal(progress(run), "Step 1 of 10");
  for (const [step, now] of [[1, 100], [2, 102], [3, 104]]) advance(run, step, 10, now);
  assert.equal(pace(run), 2);
  assert.equal(progress(run), "Step 4 of 10 · 2 s a step · 14 s left");
});

test("a node that runs in parts goes on where the last one stopped", () => {
  const run = begin("", 10);
  const places = [[1, 4], [4, 4], [1, 6], [6, 6]].map(([step, most], i) => { advance(run, step, most, i); return run.at; });
  assert.deepEqual(places, [1, 4, 5, 10]);
  done(run, { ...RAN, steps: 4 });
  done(run, { ...RAN, steps: 6 });
  assert.deepEqual([run.ran.steps, run.ran.evaluations, run.ran.seconds], [10, 38, 16]);
});

test("a second run of the same node begins anew", () => {
  const run = begin("", 4);
  for (const step of [1, 2, 3, 4, 1]) advance(run, step, 4, step);
  assert.equal(run.at, 1);
});

test("what has happened is told", () => {
  const run = begin("", 10);
  assert.equal(account(run), "");
  done(run, { ...RAN, rejected: 3, negative: false });
  assert.equal(account(run), "Last run: 10 steps, 19 model evaluations, 3 steps tried and rejected, negative prompt skipped (cfg 1), 8 s.");
  assert.deepEqual([0.314, 8.44, 45, 200].map(time), ["0.31 s", "8.4 s", "45 s", "3:20 min"]);
});
