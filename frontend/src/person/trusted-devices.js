/**
 * Tokens by which the service knows this browser again and asks for no second factor: each good for one account alone.
 * A page in cookie mode has none here, for its browser keeps them out of reach of scripts.
 */
const NAME = "inphora.trusted-devices";
const MOST = 8;

/** @param {Storage} [storage] @returns {[string, string][]} accounts and tokens, the latest first */
function read(storage) {
  try {
    const kept = JSON.parse(storage?.getItem(NAME) ?? "[]");
    return Array.isArray(kept) ? kept.filter(([email, token]) => typeof email === "string" && typeof token === "string") : [];
  } catch {
    return [];
  }
}

const keyOf = (/** @type {string} */ email) => email.trim().toLowerCase();

/** @param {string} email @param {Storage} [storage] @returns {string | undefined} */
export function deviceToken(email, storage = globalThis.localStorage) {
  return read(storage).find(([each]) => each === keyOf(email))?.[1];
}

/** @param {string} email @param {string} token @param {Storage} [storage] */
export function keepDeviceToken(email, token, storage = globalThis.localStorage) {
  const others = read(storage).filter(([each]) => each !== keyOf(email));
  try {
    storage?.setItem(NAME, JSON.stringify([[keyOf(email), token], ...others].slice(0, MOST)));
  } catch {
    // A browser that keeps nothing is asked for a code each time.
  }
}
