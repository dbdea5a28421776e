/**
 * A machine with a browser on it: one clock that stands still until a test moves it, and tabs that hear each other.
 * @typedef {ReturnType<typeof fakeWorld>} World
 */
export function fakeWorld() {
  let wall_ms = 1_000_000_000;
  let steady_ms = 0;
  let lastId = 0;
  /** @type {Map<number, { at_ms: number, fn: () => void }>} timers run by the steady clock */
  const timers = new Map();
  /** @type {Set<FakeChannel>} */
  const channels = new Set();

  let seed = 1;
  /** The same numbers in every run, never one twice. */
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;

  class FakeChannel {
    /** @type {((event: object) => void) | null} */
    onmessage = null;
    /** @param {string} name */
    constructor(name) {
      this.name = name;
      channels.add(this);
    }
    /** @param {unknown} data */
    postMessage(data) {
      for (const other of channels) if (other !== this && other.name === this.name) queueMicrotask(() => other.onmessage?.({ data }));
    }
    close() {
      channels.delete(this);
    }
  }

  return {
    now: () => wall_ms,
    waiting: () => timers.size,
    /** What a tab finds as its globals. @param {typeof globalThis.fetch} fetch @param {object} [more] */
    tab(fetch, more = {}) {
      const target = new EventTarget();
      const host = {
        Date: { now: () => wall_ms },
        performance: { now: () => steady_ms },
        Math: { random },
        /** @param {() => void} fn @param {number} ms */
        setTimeout(fn, ms) {
          timers.set(++lastId, { at_ms: steady_ms + Math.max(1, Math.ceil(ms)), fn }); // as browsers do
          return lastId;
        },
        /** @param {number} id */
        clearTimeout: (id) => void timers.delete(id),
        addEventListener: target.addEventListener.bind(target),
        dispatchEvent: target.dispatchEvent.bind(target),
        document: { visibilityState: "visible" },
        location: { href: "https://app.example/home" },
        navigator: {},
        BroadcastChannel: FakeChannel,
        fetch,
        ...more,
      };
      return /** @type {any} */ (host);
    },
    /** Time passes, and timers that are due run in order. @param {number} ms */
    async advance(ms) {
      const until_ms = steady_ms + ms;
      for (;;) {
        await settle();
        const next = [...timers].sort(([, a], [, b]) => a.at_ms - b.at_ms)[0];
        if (!next || next[1].at_ms > until_ms) break;
        timers.delete(next[0]);
        wall_ms += Math.max(0, next[1].at_ms - steady_ms);
        steady_ms = Math.max(steady_ms, next[1].at_ms);
        next[1].fn();
      }
      wall_ms += until_ms - steady_ms;
      steady_ms = until_ms;
      await settle();
    },
    /** The wall clock alone moves: the machine slept, or somebody set it. @param {number} ms */
    setClock(ms) {
      wall_ms += ms;
    },
  };
}

/** Lets everything that waits for promises go on, until all wait for something else. */
export async function settle() {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}
