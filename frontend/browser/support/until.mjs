import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

/** What a page or a worker may take on a machine short of CPU; whoever gets there sooner waits no longer. */
const WITHIN_MS = 120_000;

/** Polls until it holds, or fails with what was there last. @template T @param {() => Promise<T> | T} look @param {(value: T) => unknown} holds @param {number} [within_ms] */
export async function until(look, holds, within_ms = WITHIN_MS) {
  const deadline = Date.now() + within_ms;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    assert.ok(Date.now() < deadline, `not within ${within_ms} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Polls until this is there, or fails with how it differs. @template T @param {() => Promise<T> | T} look @param {T} expected */
export async function settles(look, expected) {
  let last = await look();
  await until(async () => isDeepStrictEqual((last = await look()), expected), Boolean).catch(() => assert.deepEqual(last, expected));
}
