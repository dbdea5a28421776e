import { createClient } from "../auth/client.js";
import { AuthError, errorFrom } from "../auth/errors.js";
import { openStorage } from "../auth/storage/open.js";

/**
 * The public door. Importing it touches nothing: a client asks the browser for something when it is first used.
 * @typedef {import("../auth/types.js").AuthOptions} AuthOptions
 * @typedef {import("../auth/types.js").AuthState} AuthState
 * @typedef {import("../auth/types.js").User} User
 * @typedef {import("../auth/client.js").AuthClient} AuthClient
 */

/**
 * @param {AuthOptions} [options] @param {import("../auth/types.js").Host} [host] tests bring their own browser
 * @returns {AuthClient}
 * @throws {AuthError} kind `config`
 */
export function createAuthClient(options = {}, host = globalThis) {
  const { storage = "idb", encrypt = "off", timeout = 1, leeway = 0 } = options;
  const isKnown = typeof storage === "object" || /^(idb|web|session|cookie|memory)$/.test(storage);
  if (!isKnown || !/^(off|preferred|required)$/.test(encrypt) || !(timeout > 0 && timeout < 2 ** 31) || !(leeway >= 0)) throw new AuthError("config");
  return createClient(options, (name) => openStorage(host, name, options), host);
}

export { AuthError, errorFrom };

/** For a page that the service itself, or one origin with it, serves. */
export const auth = /* @__PURE__ */ createAuthClient();
export const { login, verify2fa, logout, refresh, getAccessToken, getState, subscribe, on, makeAuthenticatedRequest } = auth;
