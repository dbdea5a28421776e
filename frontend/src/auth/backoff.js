const LONGEST_MS = 60_000;
/** However long a proxy asks to stay away: nobody is locked out by one bad header. */
const LONGEST_ASKED_MS = 300_000;

/**
 * Milliseconds until a refresh may be tried again. Longer than anybody can have asked for: the clock was set back
 * meanwhile, and there is nothing to wait for.
 * @param {import("./types.js").Retry | null} retry @param {number} now_ms
 */
export function pause_ms(retry, now_ms) {
  const left_ms = (retry?.at_ms ?? 0) - now_ms;
  return left_ms > LONGEST_ASKED_MS ? 0 : left_ms;
}

/**
 * Full jitter between 0.5 and 60 s, never sooner than the service asked for.
 * @param {number} failures this one included @param {number | null} retryAfter seconds @param {number} random in [0, 1)
 */
export function backoff_ms(failures, retryAfter, random) {
  const ceiling_ms = Math.min(LONGEST_MS, 1000 * 2 ** (failures - 1));
  return Math.max(500, Math.ceil(random * ceiling_ms), Math.min((retryAfter ?? 0) * 1000, LONGEST_ASKED_MS));
}
