import assert from "node:assert/strict";
import test from "node:test";

import { knownFault } from "./known-fault.mjs";

const FAULT = { reason: "it hangs", shows: /Loading/ };
const failing = (/** @type {string} */ words) => () => Promise.reject(new Error(words));

test("a known fault is reported while it is there", async () => {
  assert.match(await knownFault(FAULT, failing("still Loading…")), /it hangs/);
});

test("a known fault that is fixed fails, so that its mark is taken out", async () => {
  await assert.rejects(knownFault(FAULT, async () => {}), /take the mark/);
});

test("another failure is no known fault", async () => {
  await assert.rejects(knownFault(FAULT, failing("a wrong password")), /a wrong password/);
});
