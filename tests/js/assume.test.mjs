import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, byFile, modelOf, settingsOf, widgetValues } from "../../web/js/plot/assume.js";

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
  assert.deepEqual(modelOf(at("a")), { kind: "flow", shift: Math.exp(1.15) });
  assert.deepEqual(modelOf(at("b")), { kind: "flow", shift: 5 });
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

test("shifts of Flux follow the picture's size", () => {
  const flux = (width) => graph({ m: { type: "ModelSamplingFlux", widgets: { max_shift: 1.15, base_shift: 0.5, width, height: width } } })("m");
  assert.ok(Math.abs(modelOf(flux(1024)).shift - Math.exp(1.15)) < 1e-9);
  assert.ok(Math.abs(modelOf(flux(256)).shift - Math.exp(0.5)) < 1e-9);
});

test("files tell the kind", () => {
  const kinds = {
    "sd3.5_large.safetensors": 3, "wan2.2_t2v_14B.safetensors": 8, "flux1-schnell.safetensors": 1, "qwen_image_fp8.safetensors": Math.exp(1.15),
    "folder/hunyuan_video.safetensors": 7,
  };
  for (const [file, shift] of Object.entries(kinds)) assert.deepEqual(byFile(["x", file, 3]), { kind: "flow", shift });
  assert.deepEqual(byFile(["sd_xl_base_1.0.safetensors"]), { kind: "sd" });
  assert.deepEqual(byFile(["svd_xt.safetensors"]), { kind: "edm", sigma_min: 0.002, sigma_max: 700 });
  assert.deepEqual(byFile(["flux/swan.safetensors"]), { kind: "sd" }, "a folder's name says nothing");
  assert.equal(byFile(["default"]), null);
});

test("the other half of a custom run is found", () => {
  const at = graph({
    load: { type: "SigmaticDemoModel", widgets: { parametrisation: "flow" } },
    schedule: { type: "SigmaticSchedule", inputs: { model: ["MODEL", "load"] } },
    sampler: { type: "SigmaticSampler" },
    lonely: { type: "SigmaticSampler" },
    run: { type: "SamplerCustom", inputs: { model: ["MODEL", "load"], sampler: ["SAMPLER", "sampler"], sigmas: ["SIGMAS", "schedule"] } },
  });
  assert.equal(beside(at("sampler"), "SIGMAS").found.node, at("schedule"));
  assert.equal(beside(at("schedule"), "SAMPLER").found.node, at("sampler"));
  assert.deepEqual(modelOf(beside(at("sampler"), "SIGMAS").runner), { kind: "flow", shift: 1 });
  assert.deepEqual(beside(at("lonely"), "SIGMAS"), { found: null, runner: null });
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
  assert.deepEqual([modelOf(at("node")).kind, settingsOf(at("node")).length], ["flow", 1]);
  at("settings").mode = 4;
  assert.deepEqual([modelOf(at("node")).kind, settingsOf(at("node")).length], ["flow", 0]);
  at("shift").mode = 4;
  assert.deepEqual(modelOf(at("node")), { kind: "sd" });
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
  assert.equal(beside(at("sampler"), "SIGMAS").found.node, at("schedule"));
  assert.equal(beside(at("schedule"), "SAMPLER").found.node, at("sampler"));
});
