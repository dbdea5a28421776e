import assert from "node:assert/strict";
import test from "node:test";

import { deviceToken, keepDeviceToken } from "./trusted-devices.js";

/** @param {string | null} [text] @returns {any} */
function storage(text = null) {
  return { getItem: () => text, setItem: (/** @type {string} */ _, /** @type {string} */ next) => (text = next) };
}

test("each account has its own token, however its address is written", () => {
  const kept = storage();
  keepDeviceToken("Ada@people.example ", "one", kept);
  keepDeviceToken("bob@people.example", "two", kept);
  keepDeviceToken("ada@people.example", "three", kept);

  assert.deepEqual(["ADA@people.example", "bob@people.example", "eve@people.example"].map((email) => deviceToken(email, kept)), ["three", "two", undefined]);
});

for (const text of ["{", "{}", "[[1,2]]", "null"]) {
  test(`what is no list of tokens is none: ${text}`, () => {
    assert.equal(deviceToken("ada@people.example", storage(text)), undefined);
  });
}

test("a browser that keeps nothing breaks nothing", () => {
  const full = { getItem: () => null, setItem: () => { throw new Error("full"); } };

  assert.doesNotThrow(() => keepDeviceToken("ada@people.example", "one", /** @type {any} */ (full)));
  assert.equal(deviceToken("ada@people.example", undefined), undefined);
});
