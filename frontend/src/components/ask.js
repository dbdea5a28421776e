import { AuthError, errorFrom } from "../services/authService.js";

/**
 * @typedef {(method: string, path: string, init?: { body?: object, signal?: AbortSignal }) => Promise<Response>} Ask
 *   rejects with an AuthError for all but 2xx
 */

/** Requests to the service by whatever sends them. @param {typeof globalThis.fetch} send @returns {Ask} */
export function createAsk(send) {
  return async (method, path, { body, signal } = {}) => {
    const headers = /** @type {Record<string, string>} */ (body ? { "Content-Type": "application/json" } : {});
    const answer = await send(path, { method, headers, body: body && JSON.stringify(body), signal }).catch((cause) => {
      // What `fetch` calls a TypeError is the network's.
      throw cause instanceof TypeError ? new AuthError("network", { cause }) : cause;
    });
    if (!answer.ok) throw await errorFrom(answer, Date.now());
    return answer;
  };
}

/** @param {Response} answer @returns {Promise<any>} null where it has no JSON */
export async function jsonOf(answer) {
  return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : null;
}

const askAsNobody = createAsk((input, init) => fetch(input, init));

/** To a route that anybody may ask. @param {string} path @param {object} body @returns {Promise<any>} */
export const post = async (path, body) => jsonOf(await askAsNobody("POST", path, { body }));

/** @param {string} path @returns {Promise<any>} */
export const get = async (path) => jsonOf(await askAsNobody("GET", path));
