/**
 * @typedef {{ now: () => number, setTimer: (fn: () => void, ms: number) => unknown, clearTimer: (id: any) => void,
 *   random: () => number }} Clock
 */

/** A browser's timers stop in sleep, so no wait is longer: the next look finds the time gone. */
const LONGEST_WAIT_MS = 30_000;

/** @type {Clock} */
export const systemClock = {
  now: () => Date.now(),
  setTimer: (fn, ms) => setTimeout(fn, ms),
  clearTimer: (id) => clearTimeout(id),
  random: () => Math.random(),
};

/**
 * Calls `renew` when the token is due, again after a failure, until `stop`.
 * @param {{ clock: Clock, dueAt_ms: () => number, renew: () => Promise<unknown> }} parts
 *   `dueAt_ms` is Infinity while there is nothing to renew
 */
export function createRenewal({ clock, dueAt_ms, renew }) {
  /** @type {unknown} */
  let timer;
  let failures = 0;
  let notBefore_ms = 0;

  function look() {
    clock.clearTimer(timer);
    if (dueAt_ms() === Infinity) return;
    const wait_ms = Math.max(dueAt_ms(), notBefore_ms) - clock.now();
    if (wait_ms <= 0) renew().catch(() => {}); // its end calls succeeded, failed or stop
    else timer = clock.setTimer(look, Math.min(wait_ms, LONGEST_WAIT_MS));
  }

  return {
    /** Look now: after sleep, when the page is shown. */
    look,
    /** As look, and forget the waiting: the network came back. */
    hurry() {
      notBefore_ms = 0;
      look();
    },
    succeeded() {
      failures = 0;
      notBefore_ms = 0;
      look();
    },
    /** @param {number | null} retryAfter seconds */
    failed(retryAfter) {
      notBefore_ms = clock.now() + backoff_ms(failures++, retryAfter, clock.random());
      look();
    },
    stop() {
      clock.clearTimer(timer);
      failures = 0;
      notBefore_ms = 0;
    },
  };
}

/**
 * Full jitter between 0.5 and 60 s, never sooner than the service asked for.
 * @param {number} failures before this one @param {number | null} retryAfter seconds @param {number} random in [0, 1)
 */
export function backoff_ms(failures, retryAfter, random) {
  const ceiling_ms = Math.min(60_000, 1000 * 2 ** failures);
  return Math.max(500, random * ceiling_ms, (retryAfter ?? 0) * 1000);
}
