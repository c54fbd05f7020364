import assert from "node:assert/strict";
import { test } from "node:test";
import { chart, stepAt } from "../../web/js/plot/chart.js";
import { say, speak } from "../../web/js/say.js";
import { asText, atStep, description } from "../../web/js/plot/words.js";

const ANSWER = {
  sigmas: [14.6, 3, 0.5, 0],
  log_snr: [-5.36, -2.2, 1.39, null],
  evaluations: [2, 2, 1],
  noise: [2.5, 0.4, 0],
  eta: [1, 1, 1],
  s_noise: [1, 1, 1],
  range: [0.03, 14.6],
  names: { sampler: "sig_heun", schedule: "sig_karras" },
  assumes: [["The model is taken for {what}.", { what: "one" }]],
  notes: [],
  lines: null,
};
const VIEW = { width: 300, height: 150, axis: "log" };

/** All elements of a tree, its branches too. */
function* walk(trees) {
  for (const tree of trees) {
    yield tree;
    if (Array.isArray(tree[2])) yield* walk(tree[2]);
  }
}
const find = (trees, name) => [...walk(trees)].filter(([tag, attributes]) => tag === name || attributes.class === name);

test("everything drawn is a number inside the picture", () => {
  for (const axis of ["log", "linear", "snr"]) {
    for (const at of [null, 0, 2]) {
      const drawn = [...walk(chart(ANSWER, { ...VIEW, axis, at, other: { ...ANSWER, sigmas: [20, 0.01] , log_snr: [-6, 9] } }))];
      for (const [, attributes] of drawn) {
        for (const [name, value] of Object.entries(attributes)) {
          if (typeof value === "number") assert.ok(Number.isFinite(value), `${axis} ${name}`);
          if (name === "points") {
            for (const point of value.split(" ")) {
              const [x, y] = point.split(",").map(Number);
              assert.ok(x >= 0 && x <= 300 && y >= 0 && y <= 150, `${axis}: ${point}`);
            }
          }
        }
      }
    }
  }
});

test("a bar for each step with noise, a tick for each evaluation, a dot for each level", () => {
  const drawn = chart(ANSWER, VIEW);
  assert.equal(find(drawn, "noise")[0][2].length, 2);
  assert.equal(find(drawn, "evaluations")[0][1].d.match(/M/g).length, 5);
  assert.equal(find(drawn, "levels main n0")[0][2].filter(([tag]) => tag === "circle").length, 4);
  assert.equal(find(chart(ANSWER, { ...VIEW, axis: "snr" }), "levels main n0")[0][2].length, 1 + 3, "infinity is left out");
  assert.equal(find(chart({ ...ANSWER, noise: null, eta: null, s_noise: null }, VIEW), "eta").length, 0);
});

test("more noise, higher bars; less eta, a lower line", () => {
  const bar = (answer) => find(find(chart(answer, VIEW), "noise"), "rect")[0][1].height;
  assert.ok(bar({ ...ANSWER, noise: [5, 0.4, 0] }) > bar(ANSWER));
  const line = (eta) => Number(find(chart({ ...ANSWER, eta: [eta, eta, eta] }, VIEW), "eta")[0][1].d.match(/M\S+ (\S+)H/)[1]);
  assert.ok(line(0.2) > line(0.8));
});

test("a point of the picture is in the step that is drawn there", () => {
  assert.equal(stepAt(ANSWER, VIEW, 0), 0);
  assert.equal(stepAt(ANSWER, VIEW, 300), 2);
  const left = [0, 1, 2].map((i) => find(chart(ANSWER, { ...VIEW, at: i }), "pointer")[0][2][0][1]);
  left.forEach(({ x, width }, i) => assert.equal(stepAt(ANSWER, VIEW, x + width / 2), i));
});

test("one step, no steps and equal levels can be drawn", () => {
  for (const sigmas of [[1, 0], [], [2, 2, 2]]) {
    const bare = { ...ANSWER, sigmas, log_snr: sigmas.map(() => null), evaluations: null, noise: null, eta: null, s_noise: null };
    assert.ok(chart(bare, VIEW).length > 0);
  }
});

test("the legend is in the corner that the curves leave free", () => {
  const place = (sigmas) => find(chart({ ...ANSWER, sigmas }, VIEW), "label legend")[0][1].x;
  assert.ok(place([14.6, 3, 0.5, 0]) > 200 && place([0.01, 0.5, 3, 14.6]) < 100);
});

test("the words say what changed", () => {
  const less = { ...ANSWER, eta: [0.3, 0.3, 0.3] };
  assert.notEqual(description(ANSWER), description(less));
  assert.match(description(less, ["steps"], ANSWER), /eta 0\.3\..*taken for one\..*own value: steps\. Compared with sig_heun on sig_karras: 3 steps, 5 model evaluations, sigma 14\.6 to 0, fresh noise in 2 of 3 steps\./);
  assert.equal(
    atStep(ANSWER, 2),
    "Step 3 of 3 · σ 0.5 → 0 · noise left 19.9 % to 0 % · log-SNR 1.39 → ∞ · 1 evaluation · fresh noise 0 · eta 1 · s_noise 1",
  );
});

test("the text is a table of everything", () => {
  const lines = asText(ANSWER, ["rho"]).slice(0, -1).split("\n");
  const table = lines.filter((line) => !line.startsWith("#"));
  assert.deepEqual(table[0].split("\t"), ["step", "sigma", "log_snr", "evaluations", "noise", "eta", "s_noise"]);
  assert.deepEqual(table.slice(1).map((line) => Number(line.split("\t")[1])), ANSWER.sigmas);
  assert.ok(table.every((line) => line.split("\t").length === 7));
  assert.match(lines[2], /own value: rho/);
});

const LINES = [
  { schedule: "sig_karras", samplers: ["sig_euler", "sig_dpmpp_2m"], sigmas: [14.6, 3, 0.5, 0], log_snr: [-5.4, -2.2, 1.4, null] },
  { schedule: "sig_linear", samplers: ["sig_heun"], sigmas: [16, 0.01], log_snr: [-5.5, 9.2] },
];

test("several runs are laid over each other, each with its name", () => {
  const compared = { ...ANSWER, ...LINES[0], evaluations: null, noise: null, eta: null, s_noise: null, lines: LINES };
  const drawn = chart(compared, VIEW);
  assert.equal(find(drawn, "polyline").length, 2);
  assert.equal(find(drawn, "label legend")[0][2].length, 2);
  assert.match(description(compared), /^sig_karras, 3 steps: sig_euler, sig_dpmpp_2m; sig_linear, 1 step: sig_heun\./);
  const table = asText(compared).split("\n").filter((line) => !line.startsWith("#"));
  assert.deepEqual(table[0].split("\t"), ["step", "sig_karras 3", "sig_linear 1"]);
  assert.deepEqual(table[4].split("\t"), ["3", "0", ""]);
  assert.match(description({ ...compared, lines: [] }), /^There is nothing to draw\./);
});

test("sentences are said in the page's language, names and numbers as they are", () => {
  speak({ "{n} steps": "{n} Schritte", "sigma {from} to {to}": "Sigma {from} bis {to}", constructor: "x" });
  try {
    assert.match(description(ANSWER), /^sig_heun on sig_karras: 3 Schritte, 5 model evaluations, Sigma 14\.6 bis 0,/);
    assert.equal(say("not known in that language"), "not known in that language");
    assert.equal(say("{a} and {b}", { a: "{b}", b: -0.5 }), "{b} and −0.5");
    assert.equal(say("toString"), "toString");
  } finally {
    speak({});
  }
});

test("the switch between two models is drawn where the second begins, and only where there is one", () => {
  assert.equal(find(chart(ANSWER, VIEW), "switch").length, 0);
  assert.equal(find(chart({ ...ANSWER, switch: null }, VIEW), "switch").length, 0);
  const line = (step) => find(chart({ ...ANSWER, switch: step }, VIEW), "switch")[0][2][0][1];
  const edges = find(chart({ ...ANSWER, switch: 1 }, VIEW), "levels main n0")[0][2].filter(([tag]) => tag === "circle");
  for (const step of [0, 1, 2, 3]) assert.equal(line(step).x1, edges[step][1].cx);
  assert.ok(line(1).y1 < line(1).y2);
});

test("detail and cfg have strips of their own, and a scale that is not known is left out", () => {
  const given = { ...ANSWER, detail: [0, 0.05, 0], cfg: [1, null, 4] };
  const paths = ["detail", "cfg"].map((name) => find(chart(given, VIEW), name).find(([tag]) => tag === "path"));
  assert.ok(paths.every(Boolean));
  assert.equal(paths[1][1].d.match(/M/g).length, 2);
  const lowest = (answer) => Math.max(...find(chart(answer, VIEW), "circle").map(([, { cy }]) => cy));
  assert.ok(lowest(given) < lowest(ANSWER), "the curve makes room");
  assert.match(atStep(given, 2), /detail 0 · cfg 4/);
  assert.doesNotMatch(atStep(given, 1), /cfg/);
  assert.match(description(given), /cfg 1 to 4/);
  assert.match(asText(given), /detail\tcfg/);
  assert.equal(find(chart(ANSWER, VIEW), "cfg").length, 0);
});
