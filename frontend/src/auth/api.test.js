import assert from "node:assert/strict";
import test from "node:test";

import { fakeWorld } from "../../fakes/world.js";
import { createApi } from "./api.js";

test("a second try does not begin the timeout anew: no request outlives its lease", async () => {
  const world = fakeWorld();
  let tries = 0;
  /** @type {any} */
  const send = (/** @type {string} */ _, /** @type {RequestInit} */ { signal }) =>
    new Promise((_, reject) => {
      if (++tries === 1) host.setTimeout(() => reject(new TypeError("Failed to fetch")), 9000);
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const host = world.tab(send);
  const call = createApi({ host, send, base: "", timeout: 10_000, storage: {} });
  const over = assert.rejects(call("refresh", {}, { again: true }), { kind: "timeout" });
  await world.advance(10_000);
  assert.equal(world.waiting(), 0);
  await over;

  assert.equal(tries, 2);
});
