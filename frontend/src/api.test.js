import assert from "node:assert/strict";
import test from "node:test";

import { fakeFetch, json, problem } from "../fakes/fetch.js";
import { createApi } from "./api.js";

/** @param {Response | Error | ((init: RequestInit) => Promise<Response>)} answer @param {number} [timeout_ms] */
function apiAnswering(answer, timeout_ms = 1000) {
  const service = fakeFetch();
  service.on("POST /api/auth/login", answer);
  return { service, request: createApi({ fetch: service.fetch, timeout_ms }) };
}

/** Waits like a server that never answers. @param {RequestInit} init @returns {Promise<Response>} */
const silence = (init) => new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason)));

test("a body is sent as JSON, a token as Bearer, and nothing is cached or redirected", async () => {
  const { service, request } = apiAnswering(json({ ok: true }));
  const answer = await request("POST", "/api/auth/login", { body: { email: "ä" }, token: "t" });

  const [seen] = service.seen;
  assert.deepEqual(answer, { status: 200, body: { ok: true } });
  assert.deepEqual([seen?.body, seen?.token], [{ email: "ä" }, "t"]);
  assert.deepEqual([seen?.init.cache, seen?.init.redirect], ["no-store", "error"]);
  assert.equal(new Headers(seen?.init.headers).get("Content-Type"), "application/json");
});

test("a 204 has no body", async () => {
  const { request } = apiAnswering(new Response(null, { status: 204 }));

  assert.deepEqual(await request("POST", "/api/auth/login"), { status: 204, body: null });
});

/** @type {[string, Response | Error, string][]} */
const FAILURES = [
  ["a problem", problem(401, "invalid_credentials"), "invalid_credentials"],
  ["no connection", new TypeError("Failed to fetch"), "network"],
  ["a captive portal's 200", new Response("<html>", { headers: { "Content-Type": "text/html" } }), "protocol"],
];
for (const [title, answer, code] of FAILURES) {
  test(`${title} rejects as ${code}`, async () => {
    const { request } = apiAnswering(answer);

    await assert.rejects(request("POST", "/api/auth/login"), { name: "ApiError", code });
  });
}

test("an answer that never comes is a timeout", async () => {
  const { request } = apiAnswering(silence, 5);
  const alive = setInterval(() => {}, 1000); // AbortSignal.timeout alone does not keep node waiting
  await assert.rejects(request("POST", "/api/auth/login"), { code: "timeout" }).finally(() => clearInterval(alive));
});

test("a caller who gives up is told apart from a timeout", async () => {
  const { request } = apiAnswering(silence);
  const controller = new AbortController();
  const answer = request("POST", "/api/auth/login", { signal: controller.signal });
  controller.abort();

  await assert.rejects(answer, { code: "aborted" });
});
