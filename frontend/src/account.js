/**
 * What a signed-in person can ask and change, over `session.call`.
 * @typedef {import("./session.js").AuthSession} AuthSession
 * @typedef {import("./contract.js").Session} Session
 */

/** @param {AuthSession} auth @returns {Promise<{ user: import("./contract.js").User, session: Session }>} */
export async function getMe(auth) {
  const { body } = await auth.call("GET", "/api/auth/me");
  auth.updateUser(body.user);
  return body;
}

/** Own session first, then the one used last. @param {AuthSession} auth @returns {Promise<Session[]>} */
export async function listSessions(auth) {
  const { body } = await auth.call("GET", "/api/auth/sessions");
  /** @type {Session[]} */
  const sessions = body.sessions;
  return sessions.toSorted(
    (a, b) => Number(b.current) - Number(a.current) || Date.parse(b.last_seen_at) - Date.parse(a.last_seen_at),
  );
}

/** One that is gone already counts as ended; one's own signs out here. @param {AuthSession} auth @param {Session} session */
export async function endSession(auth, session) {
  await auth.call("DELETE", `/api/auth/sessions/${encodeURIComponent(session.id)}`).catch((error) => {
    if (error.status !== 404) throw error;
  });
  if (session.current) auth.ended("signed_out");
}

/** Nothing is on yet. @param {AuthSession} auth @returns {Promise<import("./contract.js").TwoFactorSetup>} */
export async function setUpTwoFactor(auth) {
  return (await auth.call("POST", "/api/auth/2fa/setup", {})).body;
}

/** From here on signing in asks for a code. @param {AuthSession} auth @param {string} code @returns {Promise<string[]>} recovery codes, shown once */
export async function enableTwoFactor(auth, code) {
  const { body } = await auth.call("POST", "/api/auth/2fa/enable", { code });
  auth.updateUser({ mfa_enabled: true });
  return body.recovery_codes;
}
