import assert from "node:assert/strict";
import test from "node:test";

import { problem } from "../fakes/fetch.js";
import { problemFrom, secondsFrom } from "./problem.js";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");

/** @type {[string, string | null, number | null][]} */
const RETRY_AFTER = [
  ["seconds", "30", 30],
  ["seconds with spaces", " 30 ", 30],
  ["a date to come", "Sun, 01 Mar 2026 12:00:10 GMT", 10],
  ["a date gone by", "Sun, 01 Mar 2026 11:00:00 GMT", 0],
  ["nothing", null, null],
  ["an empty header", "", null],
  ["nonsense", "soon", null],
];
for (const [title, header, expected] of RETRY_AFTER) {
  test(`Retry-After is read from ${title}`, () => {
    assert.equal(secondsFrom(header, NOW_MS), expected);
  });
}

test("a problem document keeps its code, status, request id and waiting time", async () => {
  const error = await problemFrom(problem(429, "account_locked", { "Retry-After": "60" }), NOW_MS);

  const { code, status, requestId, retryAfter, message } = error;
  assert.deepEqual(
    { code, status, requestId, retryAfter, message },
    { code: "account_locked", status: 429, requestId: "req-1", retryAfter: 60, message: "account_locked." },
  );
});

test("field errors are kept, what is none is left out", async () => {
  const errors = [{ field: "email", message: "is too long" }, { field: 7 }, null, "x"];
  const error = await problemFrom(problem(422, "validation_failed", {}, { errors }), NOW_MS);

  assert.deepEqual(error.fields, [{ field: "email", message: "is too long" }]);
});

/** @type {[string, Response][]} */
const STRANGERS = [
  ["a proxy's HTML page", new Response("<h1>Bad Gateway</h1>", { status: 502, headers: { "Content-Type": "text/html" } })],
  ["an empty body", new Response(null, { status: 502 })],
  ["broken JSON", new Response("{", { status: 502, headers: { "Content-Type": "application/problem+json" } })],
  ["JSON that is no object", new Response("[1]", { status: 502, headers: { "Content-Type": "application/json" } })],
  ["null", new Response("null", { status: 502, headers: { "Content-Type": "application/json" } })],
];
for (const [title, response] of STRANGERS) {
  test(`${title} becomes an error by its status`, async () => {
    const error = await problemFrom(response, NOW_MS);

    assert.deepEqual([error.code, error.status], ["http_502", 502]);
  });
}
