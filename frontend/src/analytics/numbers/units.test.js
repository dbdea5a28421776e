import assert from "node:assert/strict";
import test from "node:test";

import { change, say, sayDays, sayMoment, sayWindow } from "./units.js";

/** @type {[number | null, import("./units.js").Unit, string][]} */
const VALUES = [
  [null, "users", "–"],
  [0, "users", "0"],
  [1624, "flows", "1,624"],
  [71.43, "sessions", "71.4"],
  [0.9737, "share", "97.4%"],
  [1, "share", "100%"],
  [3.188, "rate", "3.19"],
  [45, "seconds", "45\u00a0s"],
  [840, "seconds", "14\u00a0min"],
  [5400, "seconds", "1.5\u00a0h"],
  [423_360, "seconds", "4.9\u00a0d"],
];
for (const [value, unit, expected] of VALUES) {
  test(`${value} in ${unit} reads "${expected}"`, () => {
    assert.equal(say(value, unit), expected);
  });
}

/** @type {[string, number | null, number | null, import("./units.js").Unit, [string, string] | null][]} */
const CHANGES = [
  ["more", 110, 100, "users", ["+10%", "up"]],
  ["less, with a real minus", 91.6, 100, "users", ["\u22128.4%", "down"]],
  ["too little to say", 100.01, 100, "users", ["no change", "same"]],
  ["much more", 6004, 23, "flows", ["261 times as much", "up"]],
  ["shares move by points", 0.47, 0.474, "share", ["\u22120.4 points", "down"]],
  ["nothing before", 5, 0, "users", null],
  ["a share of nothing before", 0.5, null, "share", null],
  ["nothing now", null, 5, "users", null],
];
for (const [title, now, before, unit, expected] of CHANGES) {
  test(`a change: ${title}`, () => {
    const found = change(now, before, unit);

    assert.deepEqual(found && [found.text, found.direction], expected);
  });
}

test("a window is a day, a week, or a time as it is there", () => {
  assert.equal(sayWindow("2026-11-22"), "Sun 22 Nov");
  assert.equal(sayWindow("2026-11-16", "week"), "Week of Mon 16 Nov");
  assert.equal(sayWindow("2026-11-22T21:15:00+03:00"), "2026-11-22 21:15");
});

test("days are told with every year that they are in, and one day once", () => {
  assert.equal(sayDays("2024-10-05", "2025-10-29"), "5 Oct 2024 to 29 Oct 2025");
  assert.equal(sayDays("2026-11-19", "2026-11-19"), "19 Nov 2026");
});

test("an instant is told in the zone that was chosen, not in the browser's", () => {
  assert.equal(sayMoment("2026-11-23T18:16:00.000Z", "Africa/Nairobi"), "23 Nov, 21:16");
  assert.equal(sayMoment("2026-11-23T18:16:00.000Z", "Pacific/Kiritimati"), "24 Nov, 08:16");
});
