/**
 * @typedef {import("./types.js").ErrorKind} ErrorKind
 * @typedef {{ field: string, message: string }} FieldError
 */

const RETRYABLE = ["network", "timeout", "rate_limited", "server"];

/** After these a session is over. Nothing else ends one. */
const TERMINAL = ["refresh_token_invalid", "refresh_token_reused", "session_expired", "session_revoked"];

/** @type {Record<number, ErrorKind>} */
const BY_STATUS = { 401: "credentials", 403: "forbidden", 408: "server", 422: "credentials", 425: "server", 429: "rate_limited" };

/** Every failure of the client: `kind` says what to do, `code` (stable) what happened. */
export class AuthError extends Error {
  /**
   * @param {ErrorKind} kind
   * @param {{ code?: string, message?: string, status?: number, retryAfter?: number | null, requestId?: string | null,
   *   fields?: FieldError[], methods?: string[], cause?: unknown }} [facts] `retryAfter` in seconds; `fields`: what the
   *   service found wrong with which; `methods` of a second factor
   */
  constructor(kind, { code = kind, message = code, status = 0, retryAfter = null, requestId = null, fields = [], methods = [], cause } = {}) {
    super(message, { cause });
    this.name = "AuthError";
    this.kind = kind;
    this.code = code;
    this.status = status;
    this.retryable = RETRYABLE.includes(kind);
    this.retryAfter = retryAfter;
    this.requestId = requestId;
    this.fields = fields;
    this.methods = methods;
  }
}

/**
 * What a refusal means. Never throws: a proxy's HTML page becomes `http_502`.
 * @param {Response} response with a status of 400 or more
 * @param {number} now_ms for a `Retry-After` that is a date
 */
export async function errorFrom(response, now_ms) {
  const { status, headers } = response;
  /** @type {any} RFC 9457 */
  const problem = (await response.json().catch(() => null)) ?? {};
  const code = typeof problem.code === "string" ? problem.code : `http_${status}`;
  const kind = status === 401 && TERMINAL.includes(code) ? "session_ended" : (BY_STATUS[status] ?? (status < 500 ? "protocol" : "server"));
  return new AuthError(kind, {
    code,
    status,
    message: problem.detail ?? code,
    retryAfter: secondsFrom(headers.get("Retry-After"), now_ms),
    requestId: problem.request_id,
    fields: [problem.errors ?? []].flat(),
  });
}

/**
 * RFC 9110 §10.2.3: seconds, or an HTTP date.
 * @param {string | null} header @param {number} now_ms @returns {number | null} whole seconds from now, never negative
 */
export function secondsFrom(header, now_ms) {
  if (!header) return null;
  const seconds = Number(header);
  const wait = Number.isNaN(seconds) ? Math.ceil((Date.parse(header) - now_ms) / 1000) : seconds;
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}
