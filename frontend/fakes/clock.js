/** A clock that stands still until a test moves it; timers that are due then run, in order. */
export function fakeClock() {
  let now_ms = 1_000_000;
  let lastId = 0;
  /** @type {Map<number, { at_ms: number, fn: () => void }>} */
  const timers = new Map();

  return {
    now: () => now_ms,
    random: () => 0.5,
    /** @param {() => void} fn @param {number} ms */
    setTimer(fn, ms) {
      timers.set(++lastId, { at_ms: now_ms + ms, fn });
      return lastId;
    },
    /** @param {number} id */
    clearTimer: (id) => void timers.delete(id),
    waiting: () => timers.size,
    /** @param {number} ms */
    async advance(ms) {
      const until_ms = now_ms + ms;
      for (;;) {
        await settle();
        const next = [...timers].sort(([, a], [, b]) => a.at_ms - b.at_ms)[0];
        if (!next || next[1].at_ms > until_ms) break;
        timers.delete(next[0]);
        now_ms = Math.max(now_ms, next[1].at_ms);
        next[1].fn();
      }
      now_ms = until_ms;
    },
    /** The machine slept: time went on, no timer ran. @param {number} ms */
    sleep(ms) {
      now_ms += ms;
    },
  };
}

/** Lets everything that waits for promises go on, until all wait for something else. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}
