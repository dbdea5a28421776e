import assert from "node:assert/strict";
import test from "node:test";

import { problem } from "../../fakes/service.js";
import { backoff_ms } from "./backoff.js";
import { errorFrom, secondsFrom } from "./errors.js";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const HTML = (/** @type {number} */ status) => new Response("<h1>no</h1>", { status, headers: { "Content-Type": "text/html" } });

/** @type {[string, Response, string, string, boolean][]} */
const ANSWERS = [
  ["a wrong password", problem(401, "invalid_credentials"), "credentials", "invalid_credentials", false],
  ["a mistyped address", problem(422, "validation_failed"), "credentials", "validation_failed", false],
  ["a terminal code", problem(401, "session_revoked"), "session_ended", "session_revoked", false],
  ["a terminal code under another status", problem(403, "session_revoked"), "forbidden", "session_revoked", false],
  ["a missing proof", problem(403, "csrf_failed"), "forbidden", "csrf_failed", false],
  ["a limit", problem(429, "rate_limited"), "rate_limited", "rate_limited", true],
  ["a store that is away", problem(503, "service_unavailable"), "server", "service_unavailable", true],
  ["a slow upload", problem(408, "request_timeout"), "server", "request_timeout", true],
  ["a proxy's page", HTML(502), "server", "http_502", true],
  ["a firewall's page", HTML(403), "forbidden", "http_403", false],
  ["a bad request", problem(400, "malformed_json"), "protocol", "malformed_json", false],
  ["JSON that is no problem", new Response("[]", { status: 500 }), "server", "http_500", true],
  ["null", new Response("null", { status: 500 }), "server", "http_500", true],
];
for (const [title, answer, kind, code, retryable] of ANSWERS) {
  test(`${title} is ${kind} ${code}`, async () => {
    const error = await errorFrom(answer, NOW_MS);

    assert.deepEqual([error.name, error.kind, error.code, error.retryable], ["AuthError", kind, code, retryable]);
  });
}

test("an error carries the request's id, how long to wait, and the fields", async () => {
  const errors = [{ field: "email", message: "x" }];
  const error = await errorFrom(problem(422, "validation_failed", { "Retry-After": "7" }, { errors }), NOW_MS);

  assert.deepEqual([error.requestId, error.retryAfter, error.fields, error.status], ["req-1", 7, errors, 422]);
});

/** @type {[string | null, number | null][]} */
const HEADERS = [
  [null, null],
  ["", null],
  ["soon", null],
  ["30", 30],
  [" 5 ", 5],
  ["-3", 0],
  ["Sun, 01 Mar 2026 12:01:00 GMT", 60],
  ["Sun, 01 Mar 2026 11:00:00 GMT", 0],
];
for (const [header, expected] of HEADERS) {
  test(`Retry-After ${JSON.stringify(header)} is ${expected}`, () => {
    assert.equal(secondsFrom(header, NOW_MS), expected);
  });
}

/** @type {[string, number, number | null, number, number][]} */
const WAITS = [
  ["never less than half a second", 1, null, 0, 500],
  ["at most a second at first", 1, null, 0.999, 999],
  ["doubling", 4, null, 0.5, 4000],
  ["at most a minute", 30, null, 0.999, 59_940],
  ["not sooner than asked", 1, 30, 0.5, 30_000],
  ["a day is not believed", 1, 86_400, 0.5, 300_000],
];
for (const [title, failures, retryAfter, random, expected] of WAITS) {
  test(`backoff: ${title}`, () => {
    assert.equal(backoff_ms(failures, retryAfter, random), expected);
  });
}
