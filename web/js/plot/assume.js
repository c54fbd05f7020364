// @ts-check
/** Which model, and which other half of a custom run, a node is wired to: read off the graph, no request, no run. */

/**
 * The little of LiteGraph that is looked at here.
 * @typedef {{name: string, value?: any}} Widget
 * @typedef {{name: string, type?: any, link?: number | null, widget?: {name: string}}} Input
 * @typedef {{id: any, type?: any, mode?: number, widgets?: Widget[], inputs?: Input[], outputs?: {name: string, type?: any, links?: number[] | null}[], graph?: any}} Node
 * @typedef {{kind: "sd" | "zsnr" | "edm" | "flow", shift?: number, sigma_min?: number, sigma_max?: number}} Model
 */

const HOPS = 32;
/** What a node's `mode` says: it does not run; it only hands on what it gets. */
const [MUTED, BYPASSED] = [2, 4];

/** Flow models by words in their file's name, and the shift that ComfyUI gives them; the first that fits counts. */
const FLOWS = /** @type {[RegExp, number][]} */ ([
  [/schnell/i, 1],
  [/flux|krea|kontext/i, Math.exp(1.15)],
  [/qwen/i, Math.exp(1.15)],
  [/ltx/i, Math.exp(2.37)],
  [/sd[-_. ]?3|stable[-_. ]?diffusion[-_. ]?3|z[-_. ]?image|hidream/i, 3],
  [/wan[-_. ]?2|wan[-_. ]?video|wan\d/i, 8],
  [/hunyuan[-_. ]?video/i, 7],
  [/lumina/i, 6],
  [/aura[-_. ]?flow/i, 1.73],
]);

/** The value of a node's widget. @param {Node} node @param {string} name */
export function valueOf(node, name) {
  return node.widgets?.find((widget) => widget.name === name)?.value;
}

/** A link of a node's graph by its id, in every front end. @param {Node} node @param {number} id */
function linkOf({ graph }, id) {
  return graph?.getLink?.(id) ?? graph?.links?.get?.(id) ?? graph?.links?.[id];
}

/** The input that a node hands on at an output as it is: undefined where it makes something of its own, null where nothing comes. */
/** @param {Node} node @param {number} slot @param {any} type @returns {Input | null | undefined} */
function handedOn({ type: kind, mode, inputs = [], outputs }, slot, type) {
  if (mode === MUTED) return null;
  if (kind === "Reroute") return inputs[0] ?? null;
  if (mode !== BYPASSED) return undefined;
  const wanted = outputs?.[slot]?.type ?? type;
  return [inputs[slot], ...inputs].find((input) => input?.type === wanted) ?? null;
}

/** The node that a link comes from and which of its outputs, through reroutes and bypassed nodes; null across the wall of a subgraph. */
/** @param {Node} node @param {Input | undefined} input @returns {{node: Node, slot: number} | null} */
export function wired(node, input) {
  let [at, port] = [node, input];
  for (let hop = 0; hop < HOPS; hop++) {
    if (port?.link === null || port?.link === undefined) return null;
    const link = linkOf(at, port.link);
    const found = link && at.graph.getNodeById?.(link.origin_id);
    if (!found) return null;
    const slot = link.origin_slot ?? 0;
    const next = handedOn(found, slot, port.type);
    if (next === undefined) return { node: found, slot };
    [at, port] = [found, next ?? undefined];
  }
  return null;
}

/** The node that a link comes from. @param {Node} node @param {Input | undefined} input */
export function origin(node, input) {
  return wired(node, input)?.node ?? null;
}

/**
 * What a MODEL input leads to: the nearest node that decides how the model is sampled. null if nothing says.
 * @param {Node} node @returns {Model | null}
 */
export function modelOf(node) {
  /** @type {Node | null} */
  let at = node;
  for (let hop = 0; at && hop < HOPS; hop++) {
    const said = decides(at);
    if (said) return said;
    at = origin(at, modelInput(at));
  }
  return null;
}

/**
 * The Sigmatic Settings nodes that a MODEL goes through on its way to `node`, the first one it meets first.
 * @param {Node} node @returns {Node[]}
 */
export function settingsOf(node) {
  const found = [];
  let at = origin(node, modelInput(node));
  for (let hop = 0; at && hop < HOPS; hop++) {
    if (at.type === "SigmaticSettings") found.unshift(at);
    at = origin(at, modelInput(at));
  }
  return found.slice(-4);
}

/** @param {Node} node */
function modelInput(node) {
  return node.inputs?.find((input) => input.type === "MODEL" || input.type === "GUIDER");
}

/** @param {Node} node @returns {Model | null} */
function decides(node) {
  const number = (/** @type {string} */ name, /** @type {number} */ otherwise) => Number(valueOf(node, name) ?? otherwise);
  switch (node.type) {
    case "SigmaticDemoModel":
      return valueOf(node, "parametrisation") === "flow" ? { kind: "flow", shift: 1 } : { kind: "sd" };
    case "ModelSamplingSD3":
    case "ModelSamplingAuraFlow":
      return { kind: "flow", shift: number("shift", 3) };
    case "ModelSamplingFlux": {
      const slope = (number("max_shift", 1.15) - number("base_shift", 0.5)) / (4096 - 256);
      const tokens = (number("width", 1024) * number("height", 1024)) / 256;
      return { kind: "flow", shift: Math.exp(number("base_shift", 0.5) + slope * (tokens - 256)) };
    }
    case "ModelSamplingDiscrete":
      return { kind: valueOf(node, "zsnr") ? "zsnr" : "sd" };
    case "ModelSamplingContinuousEDM":
      return { kind: "edm", sigma_min: number("sigma_min", 0.002), sigma_max: number("sigma_max", 120) };
  }
  const isLoader = !node.inputs?.some((input) => input.type === "MODEL");
  return isLoader ? byFile(node.widgets?.map((widget) => widget.value) ?? []) : null;
}

/** @param {any[]} values of a loader's widgets @returns {Model | null} */
export function byFile(values) {
  const file = values.find((value) => typeof value === "string" && /\.(safetensors|ckpt|gguf|sft|pth?)$/i.test(value));
  if (!file) return null;
  const name = String(file).split(/[\\/]/).pop() ?? "";
  const flow = FLOWS.find(([words]) => words.test(name));
  if (flow) return { kind: "flow", shift: flow[1] };
  if (/(^|[-_.])svd/i.test(name)) return { kind: "edm", sigma_min: 0.002, sigma_max: 700 };
  return { kind: "sd" };
}

/**
 * The node that runs what `node` makes, and what is wired into it beside `node` by an input of the type `kind`.
 * @param {Node} node @param {string} kind SAMPLER or SIGMAS @returns {{found: {node: Node, slot: number} | null, runner: Node | null}}
 */
export function beside(node, kind) {
  for (const runner of readers(node)) {
    const input = runner.inputs?.find((one) => one.type === kind);
    if (input) return { found: wired(runner, input), runner };
  }
  return { found: null, runner: null };
}

/** The nodes that read what a node makes, through reroutes. @param {Node} node @param {number} [hop] @returns {Generator<Node>} */
function* readers(node, hop = 0) {
  for (const id of (node.outputs ?? []).flatMap(({ links }) => links ?? [])) {
    const target = /** @type {Node | null} */ (node.graph?.getNodeById?.(linkOf(node, id)?.target_id));
    if (target?.type === "Reroute" && hop < HOPS) yield* readers(target, hop + 1);
    else if (target) yield target;
  }
}

/**
 * The widgets' values as they will be used, as far as can be seen: a widget linked to a primitive node has that one's
 * value; one linked to anything else keeps its own, and is listed in `linked`.
 * @param {Node} node @param {string[]} names @returns {{values: Record<string, any>, linked: string[]}}
 */
export function widgetValues(node, names) {
  /** @type {Record<string, any>} */
  const values = {};
  const linked = [];
  for (const name of names) {
    const widget = node.widgets?.find((one) => one.name === name);
    if (!widget) continue;
    const input = node.inputs?.find((one) => one.widget?.name === name && one.link !== null && one.link !== undefined);
    const from = origin(node, input);
    const follows = from && /^Primitive/.test(String(from.type)) && from.widgets?.length;
    values[name] = follows ? from.widgets?.[0].value : widget.value;
    if (input && !follows) linked.push(name);
  }
  return { values, linked };
}
