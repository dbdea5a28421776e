import assert from "node:assert/strict";
import test from "node:test";

import { areaPath, linePath } from "./paths.js";

const x = (/** @type {number} */ index) => index * 10;

/** @type {[string, (number | null)[], number[], { solid: string, dashed: string }][]} */
const LINES = [
  ["whole", [1, 2, 3], [], { solid: "M0 1L10 2L20 3", dashed: "" }],
  ["a gap stays a gap", [1, 2, null, 4, 5], [], { solid: "M0 1L10 2M30 4L40 5", dashed: "" }],
  ["alone is a dot", [null, 2, null], [], { solid: "M10 2h0.1", dashed: "" }],
  ["what leads to an incomplete window is dashed", [1, 2, 3], [2], { solid: "M0 1L10 2", dashed: "M10 2L20 3" }],
];
for (const [title, places, partial, expected] of LINES) {
  test(`a line: ${title}`, () => {
    assert.deepEqual(linePath(places, x, new Set(partial)), expected);
  });
}

test("the area lies under what is complete", () => {
  assert.equal(areaPath([1, 2, 3], x, 9, new Set([2])), "M0 9L0 1L10 2L10 9Z");
  assert.equal(areaPath([1], x, 9, new Set()), "");
});
