import assert from "node:assert/strict";
import { test } from "node:test";
import { speak } from "../../web/js/say.js";
import { families, facts, search } from "../../web/js/panel/search.js";

const entry = (name, family, more = {}) => ({ name, title: name, summary: "", reference: "", params: [], family, order: 1, evals_per_step: 1, stochastic: false, models: "any", ...more });
const ALL = [
  entry("sig_ddim", "one-step", { summary: "the same as euler", alias_of: "euler" }),
  entry("sig_euler", "one-step"),
  entry("sig_heun", "runge-kutta", { order: 2, evals_per_step: 2 }),
  entry("sig_euler_ancestral", "ancestral", { stochastic: true, params: [{ name: "eta", default: 1 }] }),
];
const names = (query, family) => search(ALL, query, family).map(({ name }) => name);

test("every word must be somewhere, names come first", () => {
  assert.deepEqual(names("euler"), ["sig_euler", "sig_euler_ancestral", "sig_ddim"]);
  assert.deepEqual(names("order 2"), ["sig_heun"]);
  assert.deepEqual(names("EULER eta"), ["sig_euler_ancestral"]);
  assert.equal(names("").length, 4);
  assert.deepEqual(names("nothing of that name"), []);
  assert.deepEqual(names("", "ancestral"), ["sig_euler_ancestral"]);
});

test("people search by what it is for", () => {
  const [fast, slow] = [entry("sig_quick", "one-step", { purposes: ["few steps", "flux"], recipes: ["Flux.1 dev"] }), entry("sig_slow", "one-step", { summary: "Poor with a few." })];
  const found = (query) => search([...ALL, fast, slow], query).map(({ name }) => name);
  for (const query of ["few steps", "FAST", "quick", "flux", "Flux.1 dev"]) assert.deepEqual(found(query), ["sig_quick"], query);
  assert.deepEqual(found("few"), ["sig_quick", "sig_slow"]);
  speak({ "few steps, fast, quick": "wenige Schritte, schnell" });
  for (const query of ["wenige Schritte", "schnell", "fast"]) assert.deepEqual(found(query), ["sig_quick"], query);
  speak({});
});

test("facts are the declaration's", () => {
  assert.deepEqual(facts(ALL[3]), ["ancestral", "order 1", "1 evaluation a step", "adds noise", "any model", "eta"]);
  assert.ok(facts(ALL[0]).includes("same as sig_euler"));
  assert.deepEqual(facts({ ...ALL[0], family: undefined, order: undefined, evals_per_step: undefined, stochastic: undefined, alias_of: undefined, models: undefined }), []);
  assert.deepEqual(families(ALL), ["ancestral", "one-step", "runge-kutta"]);
});

test("facts say which models it is for", () => {
  const distilled = entry("sig_lcm", "distilled", { models: "distilled", most_cfg: 2, uncond: true, between: true });
  const said = ["distilled models", "cfg up to 2", "needs a negative prompt", "also asks between the levels"];
  assert.deepEqual(facts(distilled).slice(-4), said);
  assert.deepEqual(search([...ALL, distilled], "distilled models").map(({ name }) => name), ["sig_lcm"]);
  const schedule = (...spaces) => facts({ name: "s", title: "s", summary: "", reference: "", params: [], spaces });
  assert.deepEqual([schedule("ve", "flow"), schedule("ve"), schedule("flow")], [["any model"], ["VE models (SD 1, 2, XL)"], ["flow models"]]);
});
