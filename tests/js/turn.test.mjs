import assert from "node:assert/strict";
import { test } from "node:test";
import { asOurs, asStock, lost, stockFor } from "../../web/js/menu/turn_values.js";

const PLAIN = { seed: 7, steps: 30, cfg: 5, sampler_name: "euler", scheduler: "karras", denoise: 0.6 };
const PART = {
  add_noise: "disable", noise_seed: 3, steps: 20, cfg: 4, sampler_name: "sig_heun", scheduler: "simple",
  start_at_step: 8, end_at_step: 14, return_with_leftover_noise: "enable",
};

test("there and back is the same", () => {
  for (const [kind, values] of [["KSampler", PLAIN], ["KSamplerAdvanced", PART]]) {
    const ours = { start_at_step: 0, end_at_step: 10000, add_noise: true, return_with_leftover_noise: false, ...asOurs(kind, values) };
    assert.equal(stockFor(ours), kind);
    assert.deepEqual(asStock(kind, ours), values);
  }
});

test("the halves of a custom run are taken along", () => {
  const halves = [{ type: "KSamplerSelect", values: { sampler_name: "lms" } }, { type: "BasicScheduler", values: { scheduler: "beta", steps: 12, denoise: 0.5 } }];
  const ours = asOurs("SamplerCustom", { add_noise: true, noise_seed: 2, cfg: 3 }, halves);
  assert.deepEqual(ours, { add_noise: true, seed: 2, cfg: 3, sampler: "lms", schedule: "beta", steps: 12, denoise: 0.5 });
  assert.deepEqual(asOurs("SamplerCustom", { cfg: 3 }, [{ type: "Unknown", values: { a: 1 } }]), { cfg: 3 });
});

test("what ComfyUI's node does not have is named", () => {
  const plain = { seed: 0, steps: 20, eta: 1, rho: 7 };
  assert.deepEqual(lost("KSampler", { ...plain, steps: 5, eta: 0.5 }, plain), ["eta"]);
});
