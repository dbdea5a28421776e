import { ApiError } from "./problem.js";

/**
 * @typedef {import("./contract.js").User} User
 * @typedef {Readonly<{ access: string, refresh: string, sessionId: string, expires_at_ms: number, lifetime_ms: number,
 *   renew_at_ms: number }>} Tokens instants by this browser's clock
 */

/** Renewing starts five minutes before the end, or at the last fifth of a short life. */
const LONGEST_LEEWAY_MS = 300_000;

/**
 * @param {unknown} body what login, verify-2fa and refresh answer
 * @param {number} now_ms
 * @returns {{ tokens: Tokens, user: User }}
 * @throws {ApiError} `protocol` when it is not that
 */
export function readTokens(body, now_ms) {
  const answer = /** @type {Partial<import("./contract.js").TokensBody> | null} */ (body);
  if (
    typeof answer?.access_token !== "string" ||
    typeof answer.refresh_token !== "string" ||
    typeof answer.session_id !== "string" ||
    typeof answer.expires_in !== "number" ||
    !(answer.expires_in > 0) ||
    typeof answer.user?.email !== "string"
  ) {
    throw new ApiError("protocol");
  }
  const lifetime_ms = answer.expires_in * 1000;
  const tokens = Object.freeze({
    access: answer.access_token,
    refresh: answer.refresh_token,
    sessionId: answer.session_id,
    lifetime_ms,
    expires_at_ms: now_ms + lifetime_ms,
    renew_at_ms: now_ms + lifetime_ms - Math.min(LONGEST_LEEWAY_MS, lifetime_ms / 5),
  });
  return { tokens, user: answer.user };
}
