import { BASE_URL } from "./browser.mjs";

/** The same service with tokens that end within seconds; of a service given, what it is. */
export const SHORT_URL = process.env.SHORT_URL || BASE_URL;
export const LIFETIME_MS = Number(process.env.SHORT_TTL || process.env.ACCESS_TOKEN_TTL || 900) * 1000;

/** How often the tokens of one session may be renewed at most since then: each after four fifths of its life, and one at once. @param {number} since_ms */
export function mostRefreshes(since_ms) {
  return Math.floor((Date.now() - since_ms) / (LIFETIME_MS * 0.8)) + 1;
}
