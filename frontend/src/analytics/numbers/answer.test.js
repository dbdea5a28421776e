import assert from "node:assert/strict";
import test from "node:test";

import { byCell, columnsOf, complete, courseOfDay, isEmpty, mean, most, partialOf, sayPartial, valuesOf } from "./answer.js";
import { describeColumn, sayCell } from "./columns.js";

/** @param {string[]} columns @param {(string | number | null)[][]} rows @param {string[]} [partial] @returns {import("./answer.js").Answer} */
function answer(columns, rows, partial = []) {
  const watermark = { refreshed_at: "2026-11-23T18:00:00.000Z", closed_through: "2026-11-20T18:00:00.000Z" };
  return { columns, rows, partial, tz: "Africa/Nairobi", grain: "day", exact: true, watermark, suppressed: 0, metric_versions: {} };
}

const DAYS = answer(["window", "dau", "dau_previous"], [["2026-11-22", 51, 58], ["2026-11-23", 81, 44], ["2026-11-24", null, 101]], ["2026-11-23", "2026-11-24"]);

test("means and changes are of complete windows alone, on both sides", () => {
  assert.deepEqual(complete(DAYS, "dau"), { windows: ["2026-11-22"], now: [51], before: [58] });
});

test("windows that are not complete are drawn so, and the one that has begun is named", () => {
  assert.deepEqual([...partialOf(DAYS)], [1, 2]);
  assert.equal(sayPartial(DAYS), "Mon 23 Nov is not complete yet: hatched and dashed.");
  assert.equal(sayPartial({ ...DAYS, partial: [] }), null);
});

test("a column that is not there is nulls, not another column", () => {
  assert.deepEqual(valuesOf(DAYS, "wau"), [null, null, null]);
});

test("a chart's table has the columns of its metrics, and no others", () => {
  const columns = ["window", "dau", "mau", "mfa_use", "mfa_use_numerator", "dau_previous", "mfa_use_previous"];

  assert.deepEqual(columnsOf(answer(columns, []), ["dau", "mfa_use"]).map(({ place }) => place), [1, 3, 4, 5, 6]);
});

test("parted: the largest first, other last, and what is too much left to the table", () => {
  const parted = answer(["window", "os", "dau"], [["d1", "iOS", 5], ["d1", "Linux", 6], ["d1", "other", 90], ["d2", "Android", 50], ["d2", "other", 9], ["d2", "iOS", 4]]);

  assert.deepEqual(byCell(parted, "dau", 6), {
    lines: [{ cell: "Android", values: [null, 50] }, { cell: "iOS", values: [5, 4] }, { cell: "Linux", values: [6, null] }, { cell: "other", values: [90, 9] }],
    more: 0,
  });
  assert.deepEqual(byCell(parted, "dau", 3).lines.map(({ cell }) => cell), ["Android", "iOS", "other"]);
  assert.equal(byCell(parted, "dau", 3).more, 1);
});

test("a cell of which nothing may be said is not drawn", () => {
  assert.deepEqual(byCell(answer(["window", "os", "dau"], [["d1", "iOS", null]]), "dau", 6).lines, []);
});

test("a day's course: peaks are the greatest, averages the mean, and an hour that is not over does not count", () => {
  const columns = ["window", "open_sessions_peak", "open_sessions_average", "active_concurrent"];
  const hours = answer(columns, [["2026-11-22T08:00:00+03:00", 5, 4, 1], ["2026-11-22T09:00:00+03:00", 9, 8, 3], ["2026-11-23T08:00:00+03:00", 7, 6, 2], ["2026-11-23T09:00:00+03:00", 99, 99, 99]], ["2026-11-23T09:00:00+03:00"]);

  assert.deepEqual(courseOfDay(hours), { times: ["08:00", "09:00"], peak: [7, 9], average: [5, 8], active: [2, 3] });
});

test("no values have no mean and no greatest", () => {
  assert.deepEqual([mean([null]), most([]), mean([1, null, 3])], [null, null, 2]);
});

test("an answer of zeros and nulls is empty; one number makes it not", () => {
  assert.equal(isEmpty(answer(["window", "os", "dau"], [["d1", "iOS", 0], ["d2", "iOS", null]])), true);
  assert.equal(isEmpty(DAYS), false);
});

test("columns and cells have names for people; what is unknown is shown as it came", () => {
  assert.deepEqual(describeColumn("dau_previous"), { label: "Active that day, before", unit: "users" });
  assert.deepEqual(describeColumn("retention_w3"), { label: "Week 3", unit: "share" });
  assert.deepEqual(describeColumn("mfa_use_denominator").label, "Sessions with a second factor: of");
  assert.deepEqual(describeColumn("new_metric"), { label: "new_metric", unit: "rate" });
  assert.deepEqual([sayCell("KE", "country"), sayCell("idle_timeout", "end_reason"), sayCell("new_reason", "end_reason")], ["Kenya", "Idle too long", "New reason"]);
});
