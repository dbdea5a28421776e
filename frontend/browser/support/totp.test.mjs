import assert from "node:assert/strict";
import test from "node:test";

import { totp } from "./totp.mjs";

/** RFC 6238 App. B, the last six of its eight digits. @type {[number, string][]} */
const VECTORS = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_234_567_890, "005924"],
  [20_000_000_000, "353130"],
];
for (const [seconds, expected] of VECTORS) {
  test(`the code at ${seconds} s is ${expected}`, () => {
    assert.equal(totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", seconds * 1000), expected);
  });
}
