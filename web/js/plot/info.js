// @ts-check
/** Sigmatic Sampler Info shows its table by itself: of the sampler and the sigmas that are wired into it. */

import { declared } from "./declared.js";
import { follow } from "./follow.js";
import { ask, question } from "./question.js";
import { wired } from "./wires.js";
import { table } from "./words.js";
import { chain, passMouse } from "../host.js";
import { say } from "../say.js";
import { html } from "../svg.js";

/** @typedef {import("../host.js").LNode} LNode */

const NODE = "SigmaticSamplerInfo";
const HEIGHT = 150;

/** Those in the workflow. @type {Set<Info>} */
const infos = new Set();

/** Look at all again. */
function look() {
  for (const info of infos) info.queue();
}

class Info {
  /** @param {LNode} node */
  constructor(node) {
    this.node = node;
    this.asked = "";
    this.waiting = false;
    this.element = html("pre", { class: "sigmatic-info", tabindex: 0, role: "status", "aria-label": say("What the sampler will do") });
    const widget = node.addDOMWidget("info", "sigmatic.info", this.element, { serialize: false, hideOnZoom: false, hideInPanel: true, getMinHeight: () => HEIGHT, getValue: () => "", setValue: () => {} });
    widget.serialize = false;
    passMouse(this.element);
    for (const name of ["onConfigure", "onConnectionsChange"]) chain(node, name, () => this.queue());
    chain(node, "onAdded", () => { infos.add(this); this.queue(); });
    chain(node, "onRemoved", () => infos.delete(this));
  }

  queue() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (this.node.graph) this.update();
    });
  }

  /** The nodes whose halves are wired in, ours first: the sampler says most. */
  source() {
    const at = (/** @type {string} */ name) => wired(this.node, this.node.inputs?.find((one) => one.name === name));
    return [at("sampler"), at("sigmas")].map((one) => one?.node).find((one) => one && declared(one.type));
  }

  async update() {
    const source = /** @type {any} */ (this.source());
    if (!source) return this.show("", say("Wire a sampler and sigmas of Sigmatic: what they do is listed here."));
    const { body, remark, met } = question(source, "");
    follow([this.node, ...met], look);
    if (!body) return this.show("", remark);
    if (body === this.asked) return;
    this.asked = body;
    const [status, answer] = await ask(body);
    if (body === this.asked) this.show(body, status === 200 ? table(answer) : String(answer.error));
  }

  /** @param {string} body @param {string} text */
  show(body, text) {
    this.asked = body;
    this.element.textContent = text;
  }
}

/** @param {LNode} node */
export function addInfo(node) {
  if ((node.constructor.comfyClass ?? node.type) === NODE) new Info(node);
}
