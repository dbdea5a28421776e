import assert from "node:assert/strict";
import test from "node:test";

import { fakeClock } from "../fakes/clock.js";
import { fakeFetch, json, problem, tokens } from "../fakes/fetch.js";
import { enableTwoFactor, endSession, getMe, listSessions } from "./account.js";
import { createApi } from "./api.js";
import { createSession } from "./session.js";

async function signedIn() {
  const service = fakeFetch();
  const auth = createSession({ request: createApi({ fetch: service.fetch }), clock: fakeClock() });
  service.on("POST /api/auth/login", tokens(1));
  await auth.signIn({ email: "ada@inphora.example", password: "secret" });
  return { service, auth };
}

/** @param {string} id @param {string} last_seen_at @returns {import("./contract.js").Session} */
function session(id, last_seen_at, current = false) {
  return { id, last_seen_at, current, created_at: last_seen_at, expires_at: last_seen_at, ip: null, device: null, amr: ["pwd"] };
}

test("what /me says of the user replaces what the tokens said", async () => {
  const { service, auth } = await signedIn();
  service.on("GET /api/auth/me", json({ user: { name: "Ada L." }, session: {} }));
  await getMe(auth);

  const state = auth.getState();
  assert.equal(state.status === "signed-in" && state.user.name, "Ada L.");
});

test("sessions are listed own first, then by last use", async () => {
  const { service, auth } = await signedIn();
  const sessions = [
    session("old", "2026-03-01T10:00:00Z"),
    session("new", "2026-03-01T12:00:00Z"),
    session("own", "2026-03-01T11:00:00Z", true),
  ];
  service.on("GET /api/auth/sessions", json({ sessions }));

  assert.deepEqual((await listSessions(auth)).map(({ id }) => id), ["own", "new", "old"]);
});

/** @type {[string, Response, boolean, string][]} */
const ENDS = [
  ["another session leaves this one", new Response(null, { status: 204 }), false, "signed-in"],
  ["a session that is gone is ended", problem(404, "not_found"), false, "signed-in"],
  ["one's own signs out", new Response(null, { status: 204 }), true, "signed-out"],
];
for (const [title, answer, current, expected] of ENDS) {
  test(`ending ${title}`, async () => {
    const { service, auth } = await signedIn();
    service.on("DELETE /api/auth/sessions/a%2Fb", answer);
    await endSession(auth, session("a/b", "2026-03-01T10:00:00Z", current));

    assert.equal(auth.getState().status, expected);
  });
}

test("turning two-factor on gives the recovery codes and shows in the user", async () => {
  const { service, auth } = await signedIn();
  service.on("POST /api/auth/2fa/enable", json({ recovery_codes: ["a", "b"] }));

  assert.deepEqual(await enableTwoFactor(auth, "123456"), ["a", "b"]);
  const state = auth.getState();
  assert.equal(state.status === "signed-in" && state.user.mfa_enabled, true);
});
