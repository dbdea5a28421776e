import { AuthError } from "./errors.js";

/** @typedef {import("./types.js").Session} Session */

/**
 * What login, verify-2fa and refresh answer. Its life is counted from when the request was sent, so no clock needs to
 * be right: not the machine's, not the service's.
 * @param {any} body @param {number} sent_ms @param {boolean} cookie
 * @returns {Session}
 * @throws {AuthError} `protocol` when it is not that
 */
export function readSession(body, sent_ms, cookie) {
  const lifetime_ms = body?.expires_in * 1000;
  const refresh = cookie ? "" : body?.refresh_token;
  if (![body?.access_token, refresh, body?.session_id, body?.user?.id].every((text) => typeof text === "string") || !(lifetime_ms > 0)) {
    throw new AuthError("protocol");
  }
  return { access: body.access_token, refresh, sid: body.session_id, user: body.user, expires_ms: sent_ms + lifetime_ms, lifetime_ms };
}

/**
 * Counts down a token's life by two clocks, and believes the one that says less: the wall clock may be set back,
 * the steady one may stand still in sleep.
 * @param {import("./types.js").Host} host
 */
export function createCountdown(host) {
  /** @type {Session | undefined} */
  let counted;
  let end_ms = 0;

  /** Milliseconds that its access token still lives, negative when it does not. @param {Session} session */
  return (session) => {
    const wall_ms = Math.min(session.expires_ms - host.Date.now(), session.lifetime_ms);
    if (session !== counted) {
      counted = session;
      end_ms = host.performance.now() + wall_ms;
    }
    return Math.min(wall_ms, end_ms - host.performance.now());
  };
}

/** A plain five minutes would loop where tokens live five minutes. @param {Session} session @param {number} leeway_s */
export const margin_ms = (session, leeway_s) => Math.min(leeway_s * 1000, session.lifetime_ms / 5);
