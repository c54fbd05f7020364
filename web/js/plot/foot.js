// @ts-check
/** What stands under a plot: warnings first, whole; then the run in words. The node grows by what they need. */

import { refitByItself } from "../host.js";
import { html } from "../svg.js";
import { say } from "../say.js";
import { account, progress } from "./going.js";
import { atStep, caption, description, warned } from "./words.js";

/** @typedef {import("./words.js").Answer} Answer @typedef {import("./plot.js").Plot} Plot */

/** Height that the plot has for it anyway: two lines. */
const USUAL = 28;
const FINE = 3;

export class Foot {
  constructor() {
    this.warns = html("div", { class: "warns", role: "status", hidden: "" });
    this.says = html("div", { class: "says" });
    /** Height beyond the usual one. */
    this.more = 0;
    /** Whether the node keeps the height that it was loaded with: what lies around it was arranged for that. */
    this.still = false;
    /** What was measured last. */
    this.key = "";
  }

  /** Say what is known. @param {Plot} plot @param {Answer | null} other @returns {string} the whole of it, for those who cannot see */
  tell(plot, other) {
    const { answer, problem, remark, linked, at, run } = plot;
    const whole = problem || [remark, answer && description(answer, linked, other)].filter(Boolean).join(" ") || say("Plot of the run: not yet known.");
    const pointed = answer && !problem && at !== null;
    const going = answer && !problem && run?.going;
    const still = () => [remark, answer && caption(answer, linked, other), run && account(run)].filter(Boolean).join(" ");
    const line = problem || !answer ? whole : pointed ? atStep(answer, at) : going ? progress(run) : still();
    const warns = problem || !answer ? "" : warned(answer).join(" ");
    if (this.warns.textContent !== warns) this.warns.textContent = warns;
    if (this.warns.hidden === Boolean(warns)) this.warns.hidden = !warns;
    const least = pointed || going ? this.says.style.minHeight || `${this.says.offsetHeight}px` : "";
    if (this.says.style.minHeight !== least) this.says.style.minHeight = least;
    if (this.says.title !== whole) this.says.title = whole;
    if (this.says.textContent !== line) this.says.textContent = line;
    const key = `${warns} ${line} ${plot.picture.clientWidth}`;
    if (!pointed && !going && key !== this.key && plot.element.isConnected) {
      this.key = key;
      this.grow(plot);
    }
    return whole;
  }

  /** Let the node have room for all of it. @param {Plot} plot */
  grow(plot) {
    const more = Math.max(0, this.says.offsetHeight + this.warns.offsetHeight - USUAL);
    if (this.still || Math.abs(more - this.more) <= FINE) return;
    refitByItself(plot.node, () => {
      this.more = more;
      plot.element.style.setProperty("--sig-more", `${more}px`);
    }, false);
  }
}
