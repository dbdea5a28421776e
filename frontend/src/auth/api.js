import { AuthError, errorFrom } from "./errors.js";

/**
 * @typedef {{ signal?: AbortSignal, headers?: Record<string, string>, keepalive?: boolean,
 *   again?: boolean }} CallOptions `again`: an answer that was lost may be asked for again, once
 * @typedef {(path: string, body: object, options?: CallOptions) => Promise<{ status: number, body: any, sent_ms: number }>} Call
 */

/**
 * The one door to the service's own routes, all of them POST. Resolves for 2xx, else rejects with an AuthError within
 * `timeout`, the reading of the body included.
 * @param {import("./types.js").Host} host
 * @param {{ send: typeof globalThis.fetch, base: string, timeout: number, cookie: boolean }} parts
 * @returns {Call}
 */
export function createApi(host, { send, base, timeout, cookie }) {
  /** @type {Call} */
  async function call(path, body, { signal, headers, keepalive } = {}) {
    const late = new AbortController();
    const timer = host.setTimeout(() => late.abort(), timeout);
    const sent_ms = host.Date.now();
    try {
      const response = await send(`${base}/api/auth/${path}`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          ...(cookie && { "X-Requested-With": "fetch" }),
          ...headers,
        },
        body: JSON.stringify(body),
        credentials: cookie ? "include" : "same-origin",
        redirect: "error",
        keepalive,
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
      });
      if (!response.ok) throw await errorFrom(response, host.Date.now());
      return { status: response.status, body: await jsonFrom(response), sent_ms };
    } catch (cause) {
      if (cause instanceof AuthError) throw cause;
      throw new AuthError(late.signal.aborted ? "timeout" : signal?.aborted ? "aborted" : "network", { cause });
    } finally {
      host.clearTimeout(timer);
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
