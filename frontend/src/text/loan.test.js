import assert from "node:assert/strict";
import test from "node:test";

import { monthlyPayment } from "./loan.js";

/** @type {[string, number, number, number, number][]} */
const LOANS = [
  ["a year at 12 %", 1000, 12, 0.12, 88.85],
  ["thirty years at 3 %", 200_000, 360, 0.03, 843.21],
  ["without interest", 1200, 12, 0, 100],
];
for (const [title, amount, months, rate, expected] of LOANS) {
  test(`${title} costs ${expected} a month`, () => {
    assert.equal(Number(monthlyPayment(amount, months, rate).toFixed(2)), expected);
  });
}
