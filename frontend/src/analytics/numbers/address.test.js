import assert from "node:assert/strict";
import test from "node:test";

import { periodOf, readView, writeView } from "./address.js";
import { listQuery, readList, writeList } from "./session-list.js";

const ZONE = "Africa/Nairobi";
/** In Nairobi it is the 24th already. */
const NOW_MS = Date.parse("2026-11-23T22:30:00Z");

/** @type {[string, string, string][]} */
const ADDRESSES = [
  ["nothing: the browser's zone and 28 days", "", "?tz=Africa/Nairobi"],
  ["everything", "?range=90&tz=Asia/Kathmandu&compare=off&by=country&only=KE&device=os&show=actives.table,funnel.sql", "?range=90&tz=Asia/Kathmandu&compare=off&by=country&only=KE&device=os&show=actives.table,funnel.sql"],
  ["a range of one's own", "?first=2026-03-01&last=2026-03-29&tz=UTC", "?first=2026-03-01&last=2026-03-29&tz=UTC"],
  ["a named range goes before days", "?range=7&first=2026-03-01&last=2026-03-29", "?range=7&tz=Africa/Nairobi"],
  ["days the wrong way round", "?first=2026-03-29&last=2026-03-01", "?tz=Africa/Nairobi"],
  ["a day that is none", "?first=2026-02-30&last=2026-03-01", "?tz=Africa/Nairobi"],
  ["more days than one answer has", "?first=2020-01-01&last=2026-03-01", "?tz=Africa/Nairobi"],
  ["a zone that is none", "?tz=Mars/Olympus", "?tz=Africa/Nairobi"],
  ["an offset is no zone", "?tz=%2B03:00", "?tz=Africa/Nairobi"],
  ["a breakdown that is none, and its filter", "?by=shoe_size&only=44", "?tz=Africa/Nairobi"],
  ["a filter without a breakdown", "?only=KE", "?tz=Africa/Nairobi"],
  ["what is shown is no markup", "?show=%3Cscript%3E,actives.table,x.y", "?tz=Africa/Nairobi&show=actives.table"],
];
for (const [title, given, expected] of ADDRESSES) {
  test(`an address: ${title}`, () => {
    const written = writeView(readView(given, ZONE));

    assert.equal(written, expected);
    assert.deepEqual(readView(written, "UTC"), readView(given, ZONE), "whoever opens the link elsewhere sees the same");
  });
}

test("a filter's value may be anything", () => {
  const view = readView("?by=browser&only=A%26B%3Dc%2Bd", ZONE);

  assert.equal(view.only, "A&B=c+d");
  assert.equal(readView(writeView(view), ZONE).only, "A&B=c+d");
});

/** @type {[string, string, [string, string, number]][]} */
const PERIODS = [
  ["days end with today, there", "?range=7", ["2026-11-18", "2026-11-25", 7]],
  ["today is another day elsewhere", "?range=7&tz=America/New_York", ["2026-11-17", "2026-11-24", 7]],
  ["the last day of one's own is included", "?first=2026-03-01&last=2026-03-29", ["2026-03-01", "2026-03-30", 29]],
  ["one day", "?first=2026-03-29&last=2026-03-29&tz=Europe/Berlin", ["2026-03-29", "2026-03-30", 1]],
];
for (const [title, given, expected] of PERIODS) {
  test(`a period: ${title}`, () => {
    const { from, to, days } = periodOf(readView(given, ZONE), NOW_MS);

    assert.deepEqual([from, to, days], expected);
  });
}

test("a list's address keeps its filters, and the way back", () => {
  const list = readList("?from=2026-11-01&to=2026-11-08&tz=UTC&at=ended&end_reason=logout&shoe_size=44&back=%3Frange%3D90", ZONE, NOW_MS);

  assert.deepEqual(list, { from: "2026-11-01", to: "2026-11-08", tz: "UTC", at: "ended", filters: { end_reason: "logout" }, back: "?range=90" });
  assert.deepEqual(readList(writeList(list).split(/(?=\?)/)[1] ?? "", ZONE, NOW_MS), list);
  assert.equal(listQuery(list, "c=1"), "/api/analytics/sessions?from=2026-11-01&to=2026-11-08&tz=UTC&at=ended&end_reason=logout&limit=50&cursor=c%3D1");
});

test("a list without a range is of the last seven days; the way back leads nowhere else", () => {
  const { from, to, back } = readList("?from=2026-11-08&to=2026-11-01&back=//evil.example", ZONE, NOW_MS);

  assert.deepEqual([from, to, back], ["2026-11-18", "2026-11-25", ""]);
});
