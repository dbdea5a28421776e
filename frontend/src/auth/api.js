import { AuthError, errorFrom } from "./errors.js";

/**
 * @typedef {{ token?: string, signal?: AbortSignal, headers?: Record<string, string>, keepalive?: boolean,
 *   again?: boolean }} CallOptions `again`: an answer that was lost may be asked for again, once
 * @typedef {(path: string, body: object, options?: CallOptions) => Promise<{ status: number, body: any, sent_ms: number }>} Call
 */

/**
 * The one door to the service's own routes, all of them POST. Resolves for 2xx, else rejects with an AuthError within
 * `timeout`, the reading of the body included.
 * @param {import("./types.js").Host} host
 * @param {{ baseUrl: string, timeout: number, cookie: boolean, fetch?: typeof globalThis.fetch }} options
 * @returns {Call}
 */
export function createApi(host, { baseUrl, timeout, cookie, fetch }) {
  /** @type {Call} */
  async function call(path, body, { token, signal, headers, keepalive } = {}) {
    const controller = new AbortController();
    const abort = () => controller.abort();
    let late = false;
    const timer = host.setTimeout(() => {
      late = true;
      abort();
    }, timeout);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    const sent_ms = host.Date.now();
    try {
      const response = await (fetch ?? host.fetch).call(host, `${baseUrl}/api/auth/${path}`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(cookie && { "X-Requested-With": "fetch" }),
          ...headers,
        },
        body: JSON.stringify(body),
        cache: "no-store",
        credentials: cookie ? "include" : "same-origin",
        redirect: "error",
        referrerPolicy: "no-referrer",
        keepalive,
        signal: controller.signal,
      });
      if (!response.ok) throw await errorFrom(response, host.Date.now());
      return { status: response.status, body: await jsonFrom(response), sent_ms };
    } catch (cause) {
      if (cause instanceof AuthError) throw cause;
      throw new AuthError(late ? "timeout" : signal?.aborted ? "aborted" : "network", { cause });
    } finally {
      host.clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  return (path, body, options) =>
    call(path, body, options).catch(async (error) => {
      if (error.kind !== "network" || !options?.again) throw error;
      await new Promise((resolve) => host.setTimeout(resolve, 200 + 600 * host.Math.random()));
      return call(path, body, options);
    });
}

/** A 200 that is not JSON is a captive portal or a proxy, not our service. @param {Response} response */
async function jsonFrom(response) {
  const text = await response.text();
  try {
    return text && JSON.parse(text);
  } catch (cause) {
    throw new AuthError("protocol", { status: response.status, cause });
  }
}
