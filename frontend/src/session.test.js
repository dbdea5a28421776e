import assert from "node:assert/strict";
import test from "node:test";

import { fakeClock, settle } from "../fakes/clock.js";
import { fakeFetch, json, problem, tokens } from "../fakes/fetch.js";
import { createApi } from "./api.js";
import { createSession } from "./session.js";

const CREDENTIALS = { email: "ada@inphora.example", password: "secret" };

function page() {
  const service = fakeFetch();
  const clock = fakeClock();
  return { service, clock, auth: createSession({ request: createApi({ fetch: service.fetch }), clock }) };
}

async function signedInPage() {
  const parts = page();
  parts.service.on("POST /api/auth/login", tokens(1));
  await parts.auth.signIn(CREDENTIALS);
  parts.service.seen.length = 0;
  return parts;
}

/** A promise to be kept later. */
function later() {
  /** @type {(response: Response) => void} */
  let answer = () => {};
  /** @type {Promise<Response>} */
  const response = new Promise((resolve) => (answer = resolve));
  return { answer, wait: () => response };
}

/** @param {ReturnType<typeof page>["auth"]} auth */
function access(auth) {
  const state = auth.getState();
  return state.status === "signed-in" ? state.tokens.access : state.status;
}

test("a password alone signs in", async () => {
  const { auth } = await signedInPage();

  assert.equal(access(auth), "access-1");
});

test("a wrong password changes nothing", async () => {
  const { service, auth } = page();
  service.on("POST /api/auth/login", problem(401, "invalid_credentials"));

  await assert.rejects(auth.signIn(CREDENTIALS), { code: "invalid_credentials" });
  assert.deepEqual(auth.getState(), { status: "signed-out", reason: null });
});

/** A page that stands at the second factor. */
async function challengedPage() {
  const parts = page();
  parts.service.on("POST /api/auth/login", json({ mfa_required: true, mfa_token: "m", methods: ["totp"], expires_in: 300 }));
  await parts.auth.signIn(CREDENTIALS);
  return parts;
}

test("a second factor is asked for, and completes the sign-in", async () => {
  const { service, auth } = await challengedPage();
  assert.deepEqual(auth.getState(), { status: "second-factor", mfaToken: "m", methods: ["totp"] });
  service.on("POST /api/auth/verify-2fa", tokens(1));
  await auth.verifySecondFactor("123456");

  assert.equal(access(auth), "access-1");
  assert.deepEqual(service.seen.at(-1)?.body, { mfa_token: "m", code: "123456" });
});

/** @type {[string, string, number, string][]} */
const REFUSED_CODES = [
  ["a wrong code may be typed again", "mfa_code_invalid", 401, "second-factor"],
  ["an ended challenge leads to the start", "mfa_token_invalid", 401, "signed-out"],
  ["a limit may be waited for", "rate_limited", 429, "second-factor"],
];
for (const [title, code, status, expected] of REFUSED_CODES) {
  test(`at the second factor ${title}`, async () => {
    const { service, auth } = await challengedPage();
    service.on("POST /api/auth/verify-2fa", problem(status, code));

    await assert.rejects(auth.verifySecondFactor("123456"), { code });
    assert.equal(auth.getState().status, expected);
  });
}

test("tokens are renewed before they end", async () => {
  const { service, clock, auth } = await signedInPage();
  service.on("POST /api/auth/refresh", tokens(2));
  await clock.advance(720_000); // 900 s less a fifth
  await settle();

  assert.equal(access(auth), "access-2");
  assert.deepEqual(service.seen.map((each) => each.body), [{ refresh_token: "rt_1" }]);
});

test("everybody who asks at once gets the same refresh", async () => {
  const { service, auth } = await signedInPage();
  service.on("POST /api/auth/refresh", tokens(2));
  await Promise.all([auth.refresh(), auth.refresh(), auth.refresh()]);

  assert.deepEqual(service.paths(), ["POST /api/auth/refresh"]);
  assert.equal(access(auth), "access-2");
});

for (const code of ["token_expired", "token_invalid", "token_revoked"]) {
  test(`a 401 ${code} is met by one refresh and one repetition`, async () => {
    const { service, auth } = await signedInPage();
    service.on("GET /api/auth/me", problem(401, code));
    service.on("POST /api/auth/refresh", tokens(2));
    service.on("GET /api/auth/me", json({ user: {} }));
    const { body } = await auth.call("GET", "/api/auth/me");

    assert.deepEqual(body, { user: {} });
    assert.deepEqual(service.seen.map((each) => each.token), ["access-1", null, "access-2"]);
  });
}

test("a second 401 after the refresh is final for the request, not for the session", async () => {
  const { service, auth } = await signedInPage();
  service.on("GET /api/auth/me", problem(401, "token_expired"));
  service.on("POST /api/auth/refresh", tokens(2));
  service.on("GET /api/auth/me", problem(401, "token_expired"));

  await assert.rejects(auth.call("GET", "/api/auth/me"), { code: "token_expired" });
  assert.equal(access(auth), "access-2");
});

/** @type {[number, string][]} */
const NEVER_REFRESHED = [
  [401, "mfa_code_invalid"],
  [401, "invalid_credentials"],
  [403, "step_up_required"],
  [403, "forbidden"],
  [503, "service_unavailable"],
];
for (const [status, code] of NEVER_REFRESHED) {
  test(`a ${status} ${code} is passed on without a refresh`, async () => {
    const { service, auth } = await signedInPage();
    service.on("POST /api/auth/2fa/enable", problem(status, code));

    await assert.rejects(auth.call("POST", "/api/auth/2fa/enable", { code: "1" }), { code });
    assert.deepEqual(service.paths(), ["POST /api/auth/2fa/enable"]);
  });
}

for (const code of ["refresh_token_invalid", "refresh_token_reused", "session_expired", "session_revoked"]) {
  test(`a refresh answered 401 ${code} ends the session`, async () => {
    const { service, clock, auth } = await signedInPage();
    service.on("POST /api/auth/refresh", problem(401, code));

    await assert.rejects(auth.refresh(), { code });
    assert.deepEqual(auth.getState(), { status: "signed-out", reason: code });
    assert.equal(clock.waiting(), 0);
  });
}

/** @type {[string, Response | Error][]} */
const PASSING_TROUBLE = [
  ["no connection", new TypeError("Failed to fetch")],
  ["503", problem(503, "service_unavailable", { "Retry-After": "1" })],
  ["429", problem(429, "rate_limited", { "Retry-After": "1" })],
  ["408", problem(408, "request_timeout")],
  ["500", problem(500, "internal")],
  ["a firewall's 403", new Response("<h1>no</h1>", { status: 403, headers: { "Content-Type": "text/html" } })],
  ["a proxy's 401", new Response("who are you?", { status: 401 })],
  ["a captive portal's page", new Response("<html>", { headers: { "Content-Type": "text/html" } })],
  ["a terminal code with another status", problem(503, "session_revoked")],
];
for (const [title, answer] of PASSING_TROUBLE) {
  test(`${title} keeps the session, and the next refresh mends it`, async () => {
    const { service, clock, auth } = await signedInPage();
    service.on("POST /api/auth/refresh", answer);
    await assert.rejects(auth.refresh());
    const state = auth.getState();
    assert.equal(state.status === "signed-in" && state.trouble !== null, true);

    service.on("POST /api/auth/refresh", tokens(2));
    await clock.advance(720_000);
    await settle();
    const mended = auth.getState();
    assert.equal(access(auth), "access-2");
    assert.equal(mended.status === "signed-in" && mended.trouble, null);
  });
}

/** @type {[import("./contract.js").SignOutScope, number, string | null][]} */
const SIGN_OUTS = [
  ["local", 204, "signed_out"],
  ["global", 204, "signed_out"],
  ["local", 202, "signed_out_pending"],
  ["others", 204, null],
];
for (const [scope, status, reason] of SIGN_OUTS) {
  test(`signing out (${scope}, ${status}) ${reason ? `ends here as ${reason}` : "goes on here"}`, async () => {
    const { service, auth } = await signedInPage();
    service.on("POST /api/auth/logout", new Response(null, { status }));
    await auth.signOut(scope);

    const state = auth.getState();
    assert.equal(state.status === "signed-out" ? state.reason : null, reason);
    assert.deepEqual(service.seen[0]?.body, { scope });
  });
}

test("a sign-out that did not arrive keeps the tokens, to try again", async () => {
  const { service, auth } = await signedInPage();
  service.on("POST /api/auth/logout", new TypeError("Failed to fetch"));

  await assert.rejects(auth.signOut("local"), { code: "network" });
  assert.equal(access(auth), "access-1");
});

test("signing out of a session that has ended already is signing out", async () => {
  const { service, auth } = await signedInPage();
  service.on("POST /api/auth/logout", problem(401, "token_revoked"));
  service.on("POST /api/auth/refresh", problem(401, "session_revoked"));
  await auth.signOut("local");

  assert.deepEqual(auth.getState(), { status: "signed-out", reason: "signed_out" });
});

test("a refresh answered after the sign-out brings nobody back", async () => {
  const { service, auth } = await signedInPage();
  const slow = later();
  service.on("POST /api/auth/refresh", slow.wait);
  service.on("POST /api/auth/logout", new Response(null, { status: 204 }));
  const refreshing = auth.refresh();
  await auth.signOut("local");
  slow.answer(tokens(2));
  await refreshing;

  assert.equal(auth.getState().status, "signed-out");
});

test("an old session's end does not reach the one that came after it", async () => {
  const { service, auth } = await signedInPage();
  const slow = later();
  service.on("POST /api/auth/refresh", slow.wait);
  service.on("POST /api/auth/logout", new Response(null, { status: 204 }));
  const refreshing = auth.refresh();
  await auth.signOut("local");
  service.on("POST /api/auth/login", tokens(7, { session_id: "session-2" }));
  await auth.signIn(CREDENTIALS);
  slow.answer(problem(401, "session_revoked"));

  await assert.rejects(refreshing, { code: "session_revoked" });
  assert.equal(access(auth), "access-7");
});

test("a request is never repeated as somebody else", async () => {
  const { service, auth } = await signedInPage();
  const slow = later();
  service.on("DELETE /api/auth/sessions/x", slow.wait);
  const deleting = auth.call("DELETE", "/api/auth/sessions/x");
  service.on("POST /api/auth/logout", new Response(null, { status: 204 }));
  await auth.signOut("local");
  service.on("POST /api/auth/login", tokens(7, { session_id: "session-2" }));
  await auth.signIn(CREDENTIALS);
  slow.answer(problem(401, "token_revoked"));

  await assert.rejects(deleting, { code: "token_revoked" });
  assert.equal(service.paths().filter((path) => path.startsWith("DELETE")).length, 1);
});
