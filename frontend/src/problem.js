/** Every failure of a request, as one class: read `code`, show `describe(error)` (messages.js). */
export class ApiError extends Error {
  /**
   * @param {string} code the service's code (RFC 9457 problem), or `network`, `timeout`, `aborted`, `protocol`,
   *   `http_<status>` where no problem document came
   * @param {{ status?: number, detail?: string, requestId?: string | null, retryAfter?: number | null,
   *   fields?: { field: string, message: string }[], cause?: unknown }} [facts] `retryAfter` in seconds
   */
  constructor(code, { status = 0, detail = code, requestId = null, retryAfter = null, fields = [], cause } = {}) {
    super(detail, { cause });
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
    this.fields = fields;
  }
}

/**
 * Never throws: a proxy's HTML page becomes `http_502`, a problem without a code too.
 * @param {Response} response with a status of 400 or more
 * @param {number} now_ms for a `Retry-After` that is a date
 */
export async function problemFrom(response, now_ms) {
  const body = await problemBody(response);
  return new ApiError(typeof body.code === "string" ? body.code : `http_${response.status}`, {
    status: response.status,
    detail: typeof body.detail === "string" ? body.detail : response.statusText,
    requestId: response.headers.get("X-Request-ID") ?? (typeof body.request_id === "string" ? body.request_id : null),
    retryAfter: secondsFrom(response.headers.get("Retry-After"), now_ms),
    fields: Array.isArray(body.errors) ? body.errors.filter(isFieldError) : [],
  });
}

/** @param {Response} response @returns {Promise<Record<string, unknown>>} */
async function problemBody(response) {
  if (!/^application\/(problem\+)?json\b/i.test(response.headers.get("Content-Type") ?? "")) return {};
  const body = await response.json().catch(() => null);
  return typeof body === "object" && body !== null ? body : {};
}

/** @param {unknown} value @returns {value is { field: string, message: string }} */
function isFieldError(value) {
  const error = /** @type {Record<string, unknown> | null} */ (value);
  return typeof error?.field === "string" && typeof error.message === "string";
}

/**
 * RFC 9110 §10.2.3: seconds, or an HTTP date.
 * @param {string | null} header @param {number} now_ms @returns {number | null} whole seconds from now, never negative
 */
export function secondsFrom(header, now_ms) {
  if (header === null || header.trim() === "") return null;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const at_ms = Date.parse(header);
  return Number.isNaN(at_ms) ? null : Math.max(0, Math.ceil((at_ms - now_ms) / 1000));
}
