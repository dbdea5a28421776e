import assert from "node:assert/strict";
import test from "node:test";

import { clock, duration, instant, ownFirst, relative } from "./format.js";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");

/** @type {[string, string][]} */
const DISTANCES = [
  ["2026-03-01T11:59:30Z", "just now"],
  ["2026-03-01T11:55:00Z", "5 minutes ago"],
  ["2026-03-01T09:59:00Z", "2 hours ago"],
  ["2026-02-28T11:00:00Z", "yesterday"],
  ["2026-03-31T12:00:00Z", "in 30 days"],
  ["nonsense", "nonsense"],
];
for (const [at, expected] of DISTANCES) {
  test(`${at} reads "${expected}"`, () => {
    assert.equal(relative(at, NOW_MS), expected);
  });
}

test("what is no date is shown as it came", () => {
  assert.equal(instant("nonsense"), "nonsense");
});

/** @type {[number, string][]} */
const DURATIONS = [
  [1, "1 second"],
  [45, "45 seconds"],
  [90, "2 minutes"],
  [900, "15 minutes"],
];
for (const [seconds, expected] of DURATIONS) {
  test(`${seconds} s reads "${expected}"`, () => {
    assert.equal(duration(seconds), expected);
  });
}

/** @type {[number, string][]} */
const CLOCKS = [
  [0, "0:00"],
  [249, "4:09"],
  [3723, "1:02:03"],
];
for (const [seconds, expected] of CLOCKS) {
  test(`${seconds} s count down as ${expected}`, () => {
    assert.equal(clock(seconds), expected);
  });
}

/** @param {string} id @param {string} last_seen_at @returns {import("./format.js").SessionShape} */
function session(id, last_seen_at, current = false) {
  return { id, last_seen_at, current, created_at: last_seen_at, expires_at: last_seen_at, ip: null, device: null, amr: ["pwd"] };
}

test("sessions are listed own first, then by last use", () => {
  const sessions = [session("old", "2026-03-01T10:00:00Z"), session("new", "2026-03-01T12:00:00Z"), session("own", "2026-03-01T11:00:00Z", true)];

  assert.deepEqual(ownFirst(sessions).map(({ id }) => id), ["own", "new", "old"]);
});
