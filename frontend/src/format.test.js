import assert from "node:assert/strict";
import test from "node:test";

import { duration, instant, relative, secondsLeft } from "./format.js";

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

/** @type {[string, number, number][]} */
const REMAINS = [
  ["a part of a second counts as one", 1, 1],
  ["whole seconds", 2000, 2],
  ["nothing when it is over", 0, 0],
  ["never less", -5000, 0],
];
for (const [title, left_ms, expected] of REMAINS) {
  test(`seconds left: ${title}`, () => {
    assert.equal(secondsLeft(NOW_MS + left_ms, NOW_MS), expected);
  });
}

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
