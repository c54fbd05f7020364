// @ts-check
/** What a node is wired to: which model, which other half of a custom run. Read off the graph: no request, no run. */

/**
 * The little of LiteGraph that is looked at here.
 * @typedef {{name: string, value?: any}} Widget
 * @typedef {{name: string, type?: any, link?: number | null, widget?: {name: string}}} Input
 * @typedef {{id: any, type?: any, mode?: number, widgets?: Widget[], inputs?: Input[], outputs?: {name: string, type?: any, links?: number[] | null}[], graph?: any}} Node
 * What decides about a model: a node, or the file that a loader loads.
 * @typedef {{node?: string, values?: Record<string, any>, files: string[]}} Seen
 */

const HOPS = 32;
/** What a node's `mode` says: it does not run; it only hands on what it gets. */
const [MUTED, BYPASSED] = [2, 4];
const FILE = /\.(safetensors|ckpt|gguf|sft|pth?)$/i;

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
/** @param {Node} node @param {Input | undefined} input @param {Set<Node>} [met] gets every node on the way @returns {{node: Node, slot: number} | null} */
export function wired(node, input, met) {
  let [at, port] = [node, input];
  for (let hop = 0; hop < HOPS; hop++) {
    if (port?.link === null || port?.link === undefined) return null;
    const link = linkOf(at, port.link);
    const from = link && at.graph.getNodeById?.(link.origin_id);
    if (!from) return null;
    met?.add(from);
    const slot = link.origin_slot ?? 0;
    const next = handedOn(from, slot, port.type);
    if (next === undefined) return { node: from, slot };
    [at, port] = [from, next ?? undefined];
  }
  return null;
}

/** The node that a link comes from. @param {Node} node @param {Input | undefined} input @param {Set<Node>} [met] */
function origin(node, input, met) {
  return wired(node, input, met)?.node ?? null;
}

/**
 * What a MODEL input leads to: the nearest node that decides how the model is sampled, and the files of LoRAs and of the
 * model, which comes last. null if nothing says.
 * @param {Node} node @param {Record<string, string[]>} deciding nodes that decide, and the widgets that say how
 * @param {Set<Node>} [met] @returns {Seen | null}
 */
export function modelOf(node, deciding, met) {
  /** @type {Node | null} */
  let at = node;
  /** @type {Seen} */
  const seen = { files: [] };
  for (let hop = 0; at && hop < HOPS; hop++) {
    if (!seen.node && Object.hasOwn(deciding, at.type)) Object.assign(seen, { node: at.type, values: widgetValues(at, deciding[at.type], met).values });
    seen.files.push(...filesOf(at));
    at = origin(at, modelInput(at), met);
  }
  seen.files = [...new Set(seen.files)];
  return seen.node || seen.files.length ? seen : null;
}

/** The size in pixels, and the frames, of the empty latent that a node is wired to; null where that does not say. @param {Node} node @param {Set<Node>} [met] */
export function sizeOf(node, met) {
  const from = origin(node, node.inputs?.find((input) => input.type === "LATENT"), met);
  if (!from || !/^Empty/.test(String(from.type))) return null;
  const { width, height, length } = widgetValues(from, ["width", "height", "length"], met).values;
  const whole = [width, height, length ?? 1].every((side) => Number.isInteger(side) && side > 0);
  return whole ? { width, height, frames: length ?? 1 } : null;
}

/**
 * The nodes that put settings on a MODEL on its way to `node`, the first one it meets first.
 * @param {Node} node @param {(type: string) => boolean} sets whether nodes of a type do @param {Set<Node>} [met] @returns {Node[]}
 */
export function settingsOf(node, sets, met) {
  const nodes = [];
  let at = origin(node, modelInput(node), met);
  for (let hop = 0; at && hop < HOPS; hop++) {
    if (sets(at.type)) nodes.unshift(at);
    at = origin(at, modelInput(at), met);
  }
  return nodes.slice(-4);
}

/** @param {Node} node */
function modelInput(node) {
  return node.inputs?.find((input) => input.type === "MODEL" || input.type === "GUIDER");
}

/** The names of the files that a loader loads, without their folders; none of a LoRA at strength 0. @param {Node} node @returns {string[]} */
function filesOf({ widgets = [] }) {
  if (widgets.some(({ name, value }) => name === "strength_model" && value === 0)) return [];
  const files = widgets.filter(({ name }) => !/^(clip|vae)/.test(name)).map(({ value }) => value);
  return files.filter((value) => typeof value === "string" && FILE.test(value)).map((file) => String(file.split(/[\\/]/).pop()));
}

/**
 * The node that runs what `node` makes, and what is wired into it beside `node` by an input of the type `kind`.
 * @param {Node} node @param {string} kind SAMPLER or SIGMAS @param {Set<Node>} [met] @returns {{half: {node: Node, slot: number} | null, runner: Node | null}}
 */
export function beside(node, kind, met) {
  for (const runner of readers(node)) {
    met?.add(runner);
    const input = runner.inputs?.find((one) => one.type === kind);
    if (input) return { half: wired(runner, input, met), runner };
  }
  return { half: null, runner: null };
}

/** The nodes that read what a node makes, through reroutes. @param {Node} node @param {number} [hop] @returns {Generator<Node>} */
export function* readers(node, hop = 0) {
  for (const id of (node.outputs ?? []).flatMap(({ links }) => links ?? [])) {
    const target = /** @type {Node | null} */ (node.graph?.getNodeById?.(linkOf(node, id)?.target_id));
    if (target?.type === "Reroute" && hop < HOPS) yield* readers(target, hop + 1);
    else if (target) yield target;
  }
}

/** The nearest node after `node` that has steps and cfg to set: of those that what it makes goes to. @param {Node} node @returns {Node | null} */
export function runnerBehind(node) {
  const [waiting, met] = [[node], new Set([node])];
  for (let at = waiting.shift(); at; at = waiting.shift()) {
    for (const next of readers(at)) {
      if (met.has(next)) continue;
      if (["steps", "cfg"].every((name) => next.widgets?.some((one) => one.name === name))) return next;
      met.add(next);
      waiting.push(next);
    }
  }
  return null;
}

/**
 * The widgets' values as they will be used, as far as can be seen: a widget linked to a primitive node has that one's
 * value; one linked to anything else keeps its own, and is listed in `linked`.
 * @param {Node} node @param {string[]} names @param {Set<Node>} [met] @returns {{values: Record<string, any>, linked: string[]}}
 */
export function widgetValues(node, names, met) {
  /** @type {Record<string, any>} */
  const values = {};
  const linked = [];
  for (const name of names) {
    const widget = node.widgets?.find((one) => one.name === name);
    if (!widget) continue;
    const input = node.inputs?.find((one) => one.widget?.name === name && one.link !== null && one.link !== undefined);
    const from = origin(node, input, met);
    const follows = from && /^Primitive/.test(String(from.type)) && from.widgets?.length;
    values[name] = follows ? from.widgets?.[0].value : widget.value;
    if (input && !follows) linked.push(name);
  }
  return { values, linked };
}
