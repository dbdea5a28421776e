import assert from "node:assert/strict";
import test from "node:test";

import { fakeClock } from "../fakes/clock.js";
import { backoff_ms, createRenewal } from "./renewal.js";

/** @type {[string, number, number | null, number, number][]} */
const BACKOFFS = [
  ["the first wait is up to a second", 0, null, 0.9, 900],
  ["never less than half a second", 0, null, 0, 500],
  ["it doubles", 3, null, 0.5, 4000],
  ["at most a minute", 30, null, 0.99, 59_400],
  ["as long as the service asked for", 0, 90, 0.5, 90_000],
];
for (const [title, failures, retryAfter, random, expected] of BACKOFFS) {
  test(`backing off: ${title}`, () => {
    assert.equal(backoff_ms(failures, retryAfter, random), expected);
  });
}

/** A token due in 60 s, and how often it was renewed. */
function due() {
  const clock = fakeClock();
  const at = { due_ms: clock.now() + 60_000, renewed: 0 };
  const renewal = createRenewal({ clock, dueAt_ms: () => at.due_ms, renew: async () => void at.renewed++ });
  return { clock, at, renewal };
}

test("it renews when due, not before", async () => {
  const { clock, at, renewal } = due();
  renewal.look();

  await clock.advance(59_999);
  assert.equal(at.renewed, 0);
  await clock.advance(1);
  assert.equal(at.renewed, 1);
});

test("a page that wakes up late renews at the first look", () => {
  const { clock, at, renewal } = due();
  renewal.look();
  clock.sleep(3_600_000);
  renewal.look();

  assert.equal(at.renewed, 1);
});

test("a failure waits, the network's return does not", () => {
  const { clock, at, renewal } = due();
  clock.sleep(60_000);
  renewal.failed(30);
  assert.equal(at.renewed, 0);
  renewal.hurry();

  assert.equal(at.renewed, 1);
});

test("with nothing to renew no timer runs", () => {
  const { clock, at, renewal } = due();
  renewal.look();
  at.due_ms = Infinity;
  renewal.look();

  assert.equal(clock.waiting(), 0);
});

test("stop leaves no timer behind", () => {
  const { clock, renewal } = due();
  renewal.look();
  renewal.stop();

  assert.equal(clock.waiting(), 0);
});
