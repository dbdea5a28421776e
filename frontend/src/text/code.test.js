import assert from "node:assert/strict";
import test from "node:test";

import { codeFrom } from "./code.js";

/** @type {[string, string, string][]} */
const CODES = [
  ["six digits", "123456", "123456"],
  ["an app's grouping", "123 456", "123456"],
  ["a dash and a line break", " 123-456\n", "123456"],
  ["a no-break space", "123\u00a0456", "123456"],
  ["a recovery code keeps its dashes", " ABCDEF-GHIJKL ", "ABCDEF-GHIJKL"],
  ["full-width digits are the service's to refuse", "１２３４５６", "１２３４５６"],
  ["too few digits", "12 34", "12 34"],
];
for (const [title, typed, expected] of CODES) {
  test(`a code as typed: ${title}`, () => {
    assert.equal(codeFrom(typed), expected);
  });
}
