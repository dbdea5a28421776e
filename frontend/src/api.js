import { ApiError, problemFrom } from "./problem.js";

/**
 * @typedef {"GET" | "POST" | "DELETE"} Method
 * @typedef {{ body?: object, token?: string, signal?: AbortSignal }} RequestOptions
 * @typedef {{ status: number, body: any }} Answer `body` is null when the service sent none
 * @typedef {(method: Method, path: string, options?: RequestOptions) => Promise<Answer>} Request
 */

/**
 * The one door to the service. Resolves for 2xx, rejects with an ApiError for everything else, body reading
 * included, within `timeout_ms`.
 * @param {{ baseUrl?: string, fetch?: typeof globalThis.fetch, timeout_ms?: number, now?: () => number }} [options]
 * @returns {Request}
 */
export function createApi({ baseUrl = "", fetch = globalThis.fetch, timeout_ms = 10_000, now = Date.now } = {}) {
  return async function request(method, path, { body, token, signal } = {}) {
    const timeout = AbortSignal.timeout(timeout_ms);
    try {
      const response = await fetch.call(globalThis, `${baseUrl}${path}`, {
        method,
        headers: headersFor(body, token),
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        credentials: "same-origin",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      if (!response.ok) throw await problemFrom(response, now());
      return { status: response.status, body: await jsonBody(response) };
    } catch (cause) {
      if (cause instanceof ApiError) throw cause;
      if (timeout.aborted) throw new ApiError("timeout", { cause });
      if (signal?.aborted) throw new ApiError("aborted", { cause });
      throw new ApiError("network", { cause });
    }
  };
}

/** @param {object | undefined} body @param {string | undefined} token @returns {Record<string, string>} */
function headersFor(body, token) {
  return {
    Accept: "application/json, application/problem+json",
    ...(body !== undefined && { "Content-Type": "application/json" }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
}

/** A 200 that is not JSON is a captive portal or a proxy, not our service. @param {Response} response */
async function jsonBody(response) {
  const text = await response.text();
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError("protocol", { status: response.status, requestId: response.headers.get("X-Request-ID"), cause });
  }
}
