import assert from "node:assert/strict";
import { test } from "node:test";
import { better, FIRST } from "../../web/js/menu/found.js";
import { digits, named, order, settings } from "../../web/js/sheet/rows.js";

const row = (more) => ({ sampler: "sig_heun", schedule: "sig_linear", steps: 9, options: {}, evaluations: 17, seconds: 1, apart: 0.1, seen: "visible", boxes: [], ...more });
const OURS = { seed: 0, steps: 20, sampler: "sig_auto", schedule: "sig_auto", eta: 1, s_noise: 1, rho: 7, eta_curve: "", s_noise_curve: "", cfg: 8 };
const STOCK = { seed: 0, steps: 20, sampler_name: "euler", scheduler: "normal", cfg: 8, denoise: 1 };

test("rows keep their order, or the nearest to the reference comes first", () => {
  const rows = [0.3, 0, 0.1, 0.1].map((apart) => row({ apart }));
  assert.deepEqual(order(rows, false), [0, 1, 2, 3]);
  assert.deepEqual(order(rows, true), [1, 2, 3, 0]);
});

test("a row that says nothing of eta was made with what the widget begins with", () => {
  assert.deepEqual(settings(row(), OURS), { values: { sampler: "sig_heun", schedule: "sig_linear", steps: 9, eta: 1, s_noise: 1, rho: 7, eta_curve: "", s_noise_curve: "" }, missing: [] });
});

test("numbers and curves go where they belong, and what has no widget is named", () => {
  const { values, missing } = settings(row({ options: { eta: "0:1, 50:0", rho: 5, s_noise: "1.02", solver: "heun" } }), OURS);
  assert.deepEqual([values.eta, values.eta_curve, values.rho, values.s_noise], [1, "0:1, 50:0", 5, 1.02]);
  assert.deepEqual(missing, ["solver"]);
  assert.deepEqual(settings(row({ options: { eta: 0.5 } }), STOCK), { values: { sampler_name: "sig_heun", scheduler: "sig_linear", steps: 9 }, missing: ["eta"] });
});

test("what is no KSampler takes nothing", () => {
  assert.equal(settings(row(), { steps: 20, sampler: "sig_euler" }), null);
});

test("a row is named by its settings, in three digits", () => {
  assert.equal(named(row({ options: { eta: 0.5 } })), "sig_heun / sig_linear, 9 steps, eta 0.5");
  assert.equal(digits(0.0983086), 0.0983);
});

test("those to begin with come first among equal fits, and overtake no better fit", () => {
  const plain = [[1, -0, 0, 11], [0, -5390, 0, 8], [3, -31, 0, 9]];
  const ours = FIRST.map((name) => better([1, -0, 0, 16], name));
  const sorted = [...plain, ...ours].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[3] - b[3]);
  assert.deepEqual(sorted, [plain[1], ours[0], ours[1], plain[0], plain[2]]);
});
