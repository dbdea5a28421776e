import assert from "node:assert/strict";
import test from "node:test";

import { fakeWorld, settle } from "../../fakes/world.js";
import { createQueue } from "./queue.js";

/** @type {[string, unknown, boolean, number][]} */
const LOCKS = [
  ["granted at once", { request: (/** @type {string} */ _, /** @type {() => any} */ run) => Promise.resolve().then(run) }, true, 0],
  ["missing", undefined, false, 0],
  ["hung", { request: () => new Promise(() => {}) }, false, 3000],
  ["refused", { request: () => Promise.reject(new Error("SecurityError")) }, false, 0],
];
for (const [title, locks, expected, after_ms] of LOCKS) {
  test(`a lock that is ${title}: work is done ${expected ? "under" : "without"} it`, async () => {
    const world = fakeWorld();
    const queue = createQueue(world.tab(fetch, { navigator: { locks } }), "n");
    const done = queue(async (queued) => queued);
    await world.advance(after_ms);

    assert.equal(await done, expected);
    assert.equal(world.waiting(), 0);
  });
}

test("a lock granted after we gave up is let go, and the work is done once", async () => {
  const world = fakeWorld();
  /** @type {() => unknown} */
  let grant = () => {};
  const locks = { request: (/** @type {string} */ _, /** @type {() => any} */ run) => new Promise((resolve) => (grant = () => resolve(run()))) };
  const queue = createQueue(world.tab(fetch, { navigator: { locks } }), "n");
  let done = 0;
  const work = queue(async () => ++done);
  await world.advance(3000);
  assert.equal(await work, 1);
  grant();
  await settle();

  assert.equal(done, 1);
});
