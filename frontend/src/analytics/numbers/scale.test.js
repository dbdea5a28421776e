import assert from "node:assert/strict";
import test from "node:test";

import { apart, clockTicks, dayTicks, lengths, linear } from "./scale.js";
import { addDays } from "./days.js";

/** @type {[string, (number | null)[], Parameters<typeof linear>[1], number[]][]} */
const SCALES = [
  ["counts begin at zero", [180, 245], { kind: "zero", whole: true }, [0, 100, 200, 300]],
  ["small counts have no halves", [0, 1, 2], { kind: "zero", whole: true }, [0, 1, 2]],
  ["nothing at all", [], { kind: "zero", whole: true }, [0, 1]],
  ["only nulls", [null, null], { kind: "fit" }, [0, 0.25, 0.5, 0.75, 1]],
  ["zeros", [0, 0], { kind: "zero", whole: true }, [0, 1]],
  ["a share ends at all", [0.82, 0.997, null], { kind: "fit", top: 1 }, [0.8, 0.85, 0.9, 0.95, 1]],
  ["a share that is all", [1, 1], { kind: "fit", top: 1 }, [0.75, 1]],
  ["rates", [1.3, 11.4], { kind: "zero" }, [0, 5, 10, 15]],
  ["no tail of floating point", [0.1, 0.3], { kind: "zero" }, [0, 0.1, 0.2, 0.3]],
];
for (const [title, values, how, expected] of SCALES) {
  test(`ticks: ${title}`, () => {
    assert.deepEqual(linear(values, how).ticks, expected);
  });
}

test("every value of a scale lies on it", () => {
  const scale = linear([3, 17], { kind: "fit" });

  assert.deepEqual([scale.at(scale.min), scale.at(scale.max)], [0, 1]);
  assert.ok(scale.min <= 3 && scale.max >= 17);
});

test("lengths of time are marked where people mark them, and zero lies at the bottom", () => {
  const scale = lengths([0, 840, 86_400, 400_000, null]);

  assert.deepEqual(scale.ticks, [600, 3600, 14_400, 86_400, 604_800]);
  assert.equal(scale.at(0), 0);
  assert.equal(scale.at(604_800), 1);
});

/** @param {string} first @param {number} count */
const days = (first, count) => Array.from({ length: count }, (_, index) => addDays(first, index));

/** @type {[string, string[], string[]][]} */
const DAYS = [
  ["a week: each day", days("2026-11-17", 7), ["17 Nov", "18 Nov", "19 Nov", "20 Nov", "21 Nov", "22 Nov", "23 Nov"]],
  ["four weeks: Mondays", days("2026-10-27", 28), ["2 Nov", "9 Nov", "16 Nov", "23 Nov"]],
  ["a quarter: every second Monday", days("2026-08-26", 90), ["7 Sept", "21 Sept", "5 Oct", "19 Oct", "2 Nov", "16 Nov"]],
  ["a year: quarters", days("2025-11-24", 365), ["Jan", "Apr", "Jul", "Oct"]],
  ["one day", ["2026-11-23"], ["23 Nov"]],
];
for (const [title, given, expected] of DAYS) {
  test(`days below a chart: ${title}`, () => {
    assert.deepEqual(dayTicks(given, 9).map(({ text }) => text), expected);
  });
}

test("a ticks' place is its day's", () => {
  const given = days("2026-10-27", 28);

  for (const { index } of dayTicks(given, 9)) assert.equal(new Date(`${given[index]}`).getUTCDay(), 1);
});

test("times of day are marked at round hours", () => {
  const times = Array.from({ length: 96 }, (_, index) => `${String(Math.floor(index / 4)).padStart(2, "0")}:${["00", "15", "30", "45"][index % 4]}`);

  assert.deepEqual(clockTicks(times, 8).map(({ text }) => text), ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]);
});

/** @type {[string, number[], number[]][]} */
const LABELS = [
  ["far apart stay", [10, 100, 50], [10, 100, 50]],
  ["close ones part in their order", [50, 52, 51], [50, 80, 65]],
  ["none falls below the chart", [198, 199], [185, 200]],
];
for (const [title, places, expected] of LABELS) {
  test(`names beside lines: ${title}`, () => {
    assert.deepEqual(apart(places, 15, 200), expected);
  });
}
