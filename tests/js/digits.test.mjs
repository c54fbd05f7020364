import assert from "node:assert/strict";
import { test } from "node:test";
import { digits } from "../../web/js/scale.js";

test("a number's digits after the point are counted, rounding errors are not", () => {
  for (const [value, count] of [[1, 0], [0.875, 3], [0.1 + 0.2, 1], [14.6146, 4], [1e-7, 7], [10000, 0], [-0.25, 2]]) {
    assert.equal(digits(value), count, String(value));
  }
});
