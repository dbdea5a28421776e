import assert from "node:assert/strict";
import test from "node:test";

import { lengthOf, missingLength } from "./password.js";

/** @type {[string, string, number][]} */
const LENGTHS = [
  ["letters", "correct horse", 13],
  ["an accent typed as two signs is one", "e\u0301", 1],
  ["a sign beyond the first plane is one", "\u{1F40E}", 1],
  ["full-width letters are letters", "\uFF41\uFF42", 2],
  ["spaces count", "a  b", 4],
];
for (const [title, password, expected] of LENGTHS) {
  test(`the length of a password: ${title}`, () => {
    assert.equal(lengthOf(password), expected);
  });
}

test("what is missing is said in numbers", () => {
  assert.deepEqual([missingLength("abc", 15), missingLength("abc", 4)], ["This needs 12 more characters.", "This needs 1 more character."]);
});
