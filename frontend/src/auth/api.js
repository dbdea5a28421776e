import { AuthError, errorFrom } from "./errors.js";

/**
 * @typedef {{ signal?: AbortSignal, headers?: Record<string, string>, keepalive?: boolean,
 *   again?: boolean }} CallOptions `again`: an answer that was lost may be asked for again, once
 * @typedef {(path: string, body: object, options?: CallOptions) => Promise<{ status: number, body: any, sent_ms: number }>} Call
 */

/**
 * The one door to the service's own routes, all of them POST. Resolves for 2xx, else rejects with an AuthError within
 * `timeout`, the reading of the body and a second try included: a lease lasts no longer.
 * @param {{ host: import("./types.js").Host, send: typeof globalThis.fetch, base: string, timeout: number,
 *   storage: { cookie?: boolean } }} parts
 * @returns {Call}
 */
export function createApi({ host, send, base, timeout, storage: { cookie } }) {
  /** @type {Promise<any>} */
  let last = Promise.resolve();

  /** @param {string} path @param {object} body @param {CallOptions} options @param {number} end_ms by the steady clock */
  async function call(path, body, { signal, headers, keepalive, again } = {}, end_ms = host.performance.now() + timeout) {
    const late = new AbortController();
    const timer = host.setTimeout(() => late.abort(), end_ms - host.performance.now());
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
      return { status: response.status, body: response.status === 200 ? await response.json() : null, sent_ms };
    } catch (cause) {
      if (cause instanceof AuthError) throw cause;
      // A 200 that is not JSON is a captive portal or a proxy, not our service.
      const isAlien = /** @type {any} */ (cause)?.name === "SyntaxError";
      const kind = isAlien ? "protocol" : late.signal.aborted ? "timeout" : signal?.aborted ? "aborted" : "network";
      if (kind !== "network" || !again) throw new AuthError(kind, { cause });
    } finally {
      host.clearTimeout(timer);
    }
    await new Promise((resolve) => host.setTimeout(resolve, 200 + 600 * host.Math.random()));
    return call(path, body, { headers, keepalive }, end_ms);
  }

  return (...asked) => {
    const go = () => call(...asked);
    // Each answer sets or drops the cookie that the next is asked by, so none may come late.
    return cookie ? (last = last.then(go, go)) : go();
  };
}
