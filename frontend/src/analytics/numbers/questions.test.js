import assert from "node:assert/strict";
import test from "node:test";

import { periodOf, readView } from "./address.js";
import { ASKS, queryOf } from "./questions.js";

const NOW_MS = Date.parse("2026-11-23T12:00:00Z");
const QUERY = "/api/analytics/query?";

/** @param {string} name @param {string} search @param {Parameters<typeof queryOf>[3]} [how] */
function asked(name, search, how) {
  const view = readView(search, "UTC");
  return queryOf(name, view, periodOf(view, NOW_MS), how);
}

/** @type {[string, string, string, Parameters<typeof queryOf>[3], string][]} */
const QUESTIONS = [
  ["plain", "people", "?range=7", {}, "metrics=dau,wau,mau,stickiness&from=2026-11-17&to=2026-11-24&tz=UTC&grain=day&compare=previous"],
  ["some of its metrics, for a chart's CSV", "people", "?range=7&compare=off", { metrics: ["dau"] }, "metrics=dau&from=2026-11-17&to=2026-11-24&tz=UTC&grain=day"],
  ["parted", "people", "?range=7&by=os&compare=off", { metrics: ["dau"] }, "metrics=dau&from=2026-11-17&to=2026-11-24&tz=UTC&grain=day&by=os"],
  ["parted, but for a tile", "people", "?range=7&by=os&compare=off", { metrics: ["dau"], whole: true }, "metrics=dau&from=2026-11-17&to=2026-11-24&tz=UTC&grain=day"],
  ["narrowed, for a tile too", "people", "?range=7&by=os&only=iOS&compare=off", { metrics: ["dau"], whole: true }, "metrics=dau&from=2026-11-17&to=2026-11-24&tz=UTC&grain=day&os=iOS"],
  ["not by what it has not", "people", "?range=7&by=method&compare=off", { metrics: ["dau"] }, "metrics=dau&from=2026-11-17&to=2026-11-24&tz=UTC&grain=day"],
  ["parted by weeks, where days would be noise", "sessions", "?range=28&by=method&compare=off", { metrics: ["mfa_use"] }, "metrics=mfa_use&from=2026-10-27&to=2026-11-24&tz=UTC&grain=week&by=method"],
  ["never filtered and parted", "reasons", "?range=7&by=os&only=iOS&compare=off", {}, "metrics=failure_reasons&from=2026-11-17&to=2026-11-24&tz=UTC&grain=total&by=reason"],
  ["quarters of an hour", "course", "?range=28", {}, "metrics=open_sessions,active_concurrent&from=2026-10-27&to=2026-11-24&tz=UTC&grain=15m"],
  ["hours, where quarters are too many", "course", "?range=90", {}, "metrics=open_sessions,active_concurrent&from=2026-08-26&to=2026-11-24&tz=UTC&grain=hour"],
  ["the last days, where hours are too many", "course", "?first=2025-11-01&last=2026-10-31", {}, "metrics=open_sessions,active_concurrent&from=2026-06-30&to=2026-11-01&tz=UTC&grain=hour"],
  ["cohorts are weeks, and at least thirteen", "retention", "?range=7", {}, "metrics=retention&from=2026-08-31&to=2026-11-30&tz=UTC&grain=week"],
  ["devices by what the panel says", "devices", "?range=7&device=browser&compare=off", {}, "metrics=active_users&from=2026-11-17&to=2026-11-24&tz=UTC&grain=total&by=browser"],
];
for (const [title, name, search, how, expected] of QUESTIONS) {
  test(`a question: ${title}`, () => {
    assert.equal(asked(name, search, how), QUERY + expected);
  });
}

test("no question has more than twelve metrics or three thousand windows", () => {
  for (const search of ["?range=28", "?range=90", "?first=2025-10-01&last=2026-10-31", "?first=2026-10-01&last=2026-10-31"]) {
    for (const [name, { metrics }] of Object.entries(ASKS)) {
      const said = new URLSearchParams(asked(name, search).slice(QUERY.length));
      const days = (Date.parse(String(said.get("to"))) - Date.parse(String(said.get("from")))) / 86_400_000;
      const windows = days * ({ "15m": 96, hour: 24 }[String(said.get("grain"))] ?? 1);

      assert.ok(metrics.length <= 12 && windows <= 3000, `${name} of ${search}: ${windows}`);
    }
  }
});
