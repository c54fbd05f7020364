import assert from "node:assert/strict";
import { test } from "node:test";
import { asPreset, listed, more } from "../../web/js/panel/preset.js";

const params = (...names) => names.map((name) => ({ name, default: 0 }));
const CATALOGUE = {
  samplers: [{ name: "sig_euler_ancestral", params: params("eta", "s_noise") }, { name: "sig_heun", params: params("s_churn") }],
  schedules: [{ name: "sig_karras", params: params("rho") }, { name: "sig_linear", params: [] }, { name: "sig_drawn", params: params("points") }, { name: "sig_fitted", params: [] }],
};

test("a preset has what was set and what its sampler and schedule can use", () => {
  const values = { sampler: "sig_euler_ancestral", schedule: "sig_karras", eta: 0.5, s_noise: 1, rho: 5, noise: "pink", more: "s_churn = 3" };
  assert.deepEqual(asPreset("mine", values, CATALOGUE), {
    name: "mine",
    sampler: { sampler: "euler_ancestral", options: { eta: 0.5, noise: "pink" } },
    schedule: { schedule: "karras", options: { rho: 5 } },
  });
});

test("curves win over numbers, names of the stock KSampler are known, strangers are not", () => {
  const curved = asPreset("c", { sampler: "sig_euler_ancestral", eta: 0.5, eta_curve: "0:1, 100:0" }, CATALOGUE);
  assert.deepEqual(curved.sampler.options, { eta: "0:1, 100:0" });
  assert.deepEqual(asPreset("s", { sampler_name: "sig_heun", scheduler: "simple" }, CATALOGUE), { name: "s", sampler: { sampler: "heun", options: {} } });
  assert.equal(asPreset("x", { sampler: "euler" }, CATALOGUE), null);
  assert.deepEqual(more("a = 1; b = 0:1, 50:2\n = 3; c"), { a: 1, b: "0:1, 50:2" });
});

test("points are a drawn schedule's alone", () => {
  const of = (schedule) => asPreset("d", { schedule, points: "0:9, 100:1" }, CATALOGUE).schedule.options;
  assert.deepEqual(of("sig_drawn"), { points: "0:9, 100:1" });
  assert.deepEqual(of("sig_karras"), {});
});

test("presets are listed by name, once", () => {
  const book = { samplers: { b: { sampler: "heun", options: { s_churn: 3 } } }, schedules: { a: { schedule: "karras", options: {} }, b: { schedule: "linear" } } };
  assert.deepEqual(listed(book), [["a", "sig_karras"], ["b", "sig_heun, s_churn 3 · sig_linear"]]);
  assert.deepEqual(listed({}), []);
});

test("what the model decides is no preset", () => {
  assert.equal(asPreset("mine", { sampler: "sig_auto", schedule: "sig_fitted" }, CATALOGUE), null);
  assert.equal(asPreset("mine", { sampler: "sig_heun", schedule: "sig_fitted" }, CATALOGUE)?.schedule, undefined);
});
