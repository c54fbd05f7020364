import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, modelOf as modelOf_, settingsOf as settingsOf_, sizeOf, widgetValues } from "../../web/js/plot/wires.js";

const DECIDING = { SigmaticDemoModel: ["parametrisation"], ModelSamplingSD3: ["shift"] };
const modelOf = (node, met) => modelOf_(node, DECIDING, met);
const settingsOf = (node) => settingsOf_(node, (type) => type === "SigmaticSettings");

/** A graph of nodes: {id: {type, widgets, inputs: {name: [type, from]}}}. */
function graph(described) {
  const links = new Map();
  const nodes = new Map();
  const whole = { getNodeById: (id) => nodes.get(id), links };
  for (const [id, { type, widgets = {}, inputs = {} }] of Object.entries(described)) {
    const node = { id, type, graph: whole, inputs: [], outputs: [{ name: "out", links: [] }] };
    node.widgets = Object.entries(widgets).map(([name, value]) => ({ name, value }));
    for (const [name, [kind, from]] of Object.entries(inputs)) {
      const link = from ? links.size + 1 : null;
      if (from) {
        links.set(link, { origin_id: from, target_id: id });
        nodes.get(from).outputs[0].links.push(link);
      }
      node.inputs.push({ name, type: kind, link, widget: name in widgets ? { name } : undefined });
    }
    nodes.set(id, node);
  }
  return (id) => nodes.get(id);
}

test("the nearest node that decides counts", () => {
  const at = graph({
    load: { type: "UNETLoader", widgets: { unet_name: "flux1-dev.safetensors" } },
    lora: { type: "LoraLoader", widgets: { lora_name: "sd_thing.safetensors" }, inputs: { model: ["MODEL", "load"] } },
    route: { type: "Reroute", inputs: { "": ["*", "lora"] } },
    shift: { type: "ModelSamplingSD3", widgets: { shift: 5 }, inputs: { model: ["MODEL", "lora"] } },
    a: { type: "SigmaticKSampler", inputs: { model: ["MODEL", "route"] } },
    b: { type: "SigmaticKSampler", inputs: { model: ["MODEL", "shift"] } },
    c: { type: "SigmaticKSampler", inputs: { model: ["MODEL", null] } },
  });
  assert.deepEqual(modelOf(at("a")), { files: ["sd_thing.safetensors", "flux1-dev.safetensors"] }, "the model's own comes last");
  assert.deepEqual(modelOf(at("b")), { node: "ModelSamplingSD3", values: { shift: 5 }, files: ["sd_thing.safetensors", "flux1-dev.safetensors"] });
  at("lora").widgets.push({ name: "strength_model", value: 0 });
  assert.deepEqual(modelOf(at("a")).files, ["flux1-dev.safetensors"], "a LoRA at strength 0 is none");
  assert.equal(modelOf(at("c")), null);
});

test("settings on the way are found in the order in which the model meets them", () => {
  const at = graph({
    load: { type: "SigmaticDemoModel" },
    first: { type: "SigmaticSettings", inputs: { model: ["MODEL", "load"] } },
    lora: { type: "Lora", inputs: { model: ["MODEL", "first"] } },
    second: { type: "SigmaticSettings", inputs: { model: ["MODEL", "lora"] } },
    node: { type: "SigmaticKSampler", inputs: { model: ["MODEL", "second"] } },
  });
  assert.deepEqual(settingsOf(at("node")), [at("first"), at("second")]);
  assert.deepEqual(settingsOf(at("first")), [], "its own values are not on its way");
});

test("the file is told without its folders, and what is no model file is none", () => {
  const loader = (...values) => graph({ m: { type: "L", widgets: Object.fromEntries(values.map((value, i) => [`w${i}`, value])) } })("m");
  assert.deepEqual(modelOf(loader("x", "flux/swan.safetensors", 3)), { files: ["swan.safetensors"] });
  assert.deepEqual(modelOf(loader("flux\\swan.GGUF")), { files: ["swan.GGUF"] });
  assert.equal(modelOf(loader("default", null)), null);
});

test("every node that an answer depends on is met", () => {
  const at = graph({
    number: { type: "PrimitiveFloat", widgets: { value: 4 } },
    load: { type: "UNETLoader", widgets: { unet_name: "wan2.2.safetensors" } },
    lora: { type: "Lora", inputs: { model: ["MODEL", "load"] } },
    shift: { type: "ModelSamplingSD3", widgets: { shift: 5 }, inputs: { model: ["MODEL", "lora"], shift: ["FLOAT", "number"] } },
    far: { type: "Lora", inputs: { model: ["MODEL", "load"] } },
    node: { type: "SigmaticKSampler", inputs: { model: ["MODEL", "shift"] } },
    other: { type: "SigmaticKSampler", inputs: { model: ["MODEL", "far"] } },
  });
  const met = new Set();
  assert.deepEqual(modelOf(at("node"), met), { node: "ModelSamplingSD3", values: { shift: 4 }, files: ["wan2.2.safetensors"] });
  assert.deepEqual(met, new Set([at("shift"), at("number"), at("lora"), at("load")]));
  met.clear();
  modelOf(at("other"), met);
  assert.deepEqual(met, new Set([at("far"), at("load")]));
});

test("the other half of a custom run is found", () => {
  const at = graph({
    load: { type: "SigmaticDemoModel", widgets: { parametrisation: "flow" } },
    schedule: { type: "SigmaticSchedule", inputs: { model: ["MODEL", "load"] } },
    sampler: { type: "SigmaticSampler" },
    lonely: { type: "SigmaticSampler" },
    run: { type: "SamplerCustom", inputs: { model: ["MODEL", "load"], sampler: ["SAMPLER", "sampler"], sigmas: ["SIGMAS", "schedule"] } },
  });
  assert.equal(beside(at("sampler"), "SIGMAS").half.node, at("schedule"));
  assert.equal(beside(at("schedule"), "SAMPLER").half.node, at("sampler"));
  assert.deepEqual(modelOf(beside(at("sampler"), "SIGMAS").runner), { node: "SigmaticDemoModel", values: { parametrisation: "flow" }, files: [] });
  assert.deepEqual(beside(at("lonely"), "SIGMAS"), { half: null, runner: null });
});

test("links in a circle end", () => {
  const at = graph({ a: { type: "X", inputs: {} } });
  const node = at("a");
  node.graph.links.set(9, { origin_id: "a" });
  node.inputs.push({ name: "model", type: "MODEL", link: 9 });
  assert.equal(modelOf(node), null);
});

test("primitives are followed, other links are listed", () => {
  const at = graph({
    number: { type: "PrimitiveInt", widgets: { value: 33 } },
    maths: { type: "Maths" },
    node: { type: "K", widgets: { steps: 20, eta: 1, rho: 7 }, inputs: { steps: ["INT", "number"], eta: ["FLOAT", "maths"], rho: ["FLOAT", null] } },
  });
  const { values, linked } = widgetValues(at("node"), ["steps", "eta", "rho", "missing"]);
  assert.deepEqual(values, { steps: 33, eta: 1, rho: 7 });
  assert.deepEqual(linked, ["eta"]);
});

test("a bypassed node hands on what it gets, a muted one nothing", () => {
  const at = graph({
    load: { type: "SigmaticDemoModel" },
    clip: { type: "CLIPLoader" },
    shift: { type: "ModelSamplingSD3", widgets: { shift: 5 }, inputs: { model: ["MODEL", "load"] } },
    settings: { type: "SigmaticSettings", inputs: { clip: ["CLIP", "clip"], model: ["MODEL", "shift"] } },
    node: { type: "SigmaticKSampler", inputs: { model: ["MODEL", "settings"] } },
  });
  assert.deepEqual([modelOf(at("node")).node, settingsOf(at("node")).length], ["ModelSamplingSD3", 1]);
  at("settings").mode = 4;
  assert.deepEqual([modelOf(at("node")).node, settingsOf(at("node")).length], ["ModelSamplingSD3", 0]);
  at("shift").mode = 4;
  assert.deepEqual(modelOf(at("node")), { node: "SigmaticDemoModel", values: {}, files: [] });
  at("shift").mode = 2;
  assert.equal(modelOf(at("node")), null);
});

test("the other half of a run is found behind reroutes", () => {
  const at = graph({
    sampler: { type: "SigmaticSampler" },
    schedule: { type: "SigmaticSchedule" },
    one: { type: "Reroute", inputs: { "": ["*", "sampler"] } },
    two: { type: "Reroute", inputs: { "": ["*", "one"] } },
    run: { type: "SamplerCustom", inputs: { sampler: ["SAMPLER", "two"], sigmas: ["SIGMAS", "schedule"] } },
  });
  assert.equal(beside(at("sampler"), "SIGMAS").half.node, at("schedule"));
  assert.equal(beside(at("schedule"), "SAMPLER").half.node, at("sampler"));
});

test("the size of an empty latent is seen, that of a picture is not", () => {
  const at = graph({
    empty: { type: "EmptyHunyuanLatentVideo", widgets: { width: 832, height: 480, length: 81 } },
    coded: { type: "VAEEncode", widgets: { width: 64, height: 64 } },
    a: { type: "SigmaticKSampler", inputs: { latent_image: ["LATENT", "empty"] } },
    b: { type: "SigmaticKSampler", inputs: { latent_image: ["LATENT", "coded"] } },
    c: { type: "SigmaticKSampler", inputs: { latent_image: ["LATENT", null] } },
  });
  assert.deepEqual(sizeOf(at("a")), { width: 832, height: 480, frames: 81 });
  assert.deepEqual([sizeOf(at("b")), sizeOf(at("c"))], [null, null]);
});
