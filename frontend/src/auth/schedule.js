import { pause_ms } from "./backoff.js";
import { margin_ms } from "./session.js";

/** No wait is longer: timers stop in sleep, and a frozen tab misses messages. */
const TICK_MS = 30_000;
const EVENTS = ["visibilitychange", "pageshow", "focus", "online"];

/**
 * Renews the token before it ends: when it is due, again when a failure may be tried again, and whenever the page
 * comes back. A hidden tab leaves it to the visible ones.
 * @param {{ host: import("./types.js").Host, view: import("./view.js").View, storage: import("./types.js").Storage,
 *   renew: () => Promise<void>, leeway: number, backgroundRefresh: boolean }} parts
 */
export function createSchedule({ host, view, storage, renew, leeway, backgroundRefresh }) {
  /** Tabs wake at different times, so that mostly one finds something to do. */
  const jitter = host.Math.random();
  const stopped = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const isNeeded = () => view.session() && !stopped.signal.aborted;
  const mayRenew = () => backgroundRefresh || host.document?.visibilityState !== "hidden";

  /** @param {number} wait_ms */
  function wait(wait_ms) {
    host.clearTimeout(timer);
    if (isNeeded()) timer = host.setTimeout(look, Math.min(wait_ms, TICK_MS));
  }

  /** The network came back: what failed without it may be tried at once. @param {import("./types.js").Entry} entry */
  const hurry = ({ retry, ...entry }) => (retry && !retry.hard ? { ...entry, retry: { ...retry, at_ms: 0 } } : undefined);

  /** @param {Event} [event] */
  async function look(event) {
    try {
      if (event?.type === "online") await storage.update(hurry);
      await view.sync(); // ends in `arm`
    } catch {
      wait(TICK_MS);
    }
  }

  /** Sets the next look, or refreshes when it is time. */
  function arm() {
    wait(TICK_MS);
    if (!isNeeded() || !mayRenew()) return;
    const left_ms = view.live_ms();
    const due_ms = Math.max(left_ms - margin_ms(view.signedIn(), leeway) * (1 - jitter / 4), pause_ms(view.entry().retry, host.Date.now()));
    if (due_ms > 0) wait(left_ms > 0 ? Math.min(due_ms, left_ms) : due_ms);
    else renew().catch(() => {}); // shown by the state, and tried again
  }

  for (const event of EVENTS) host.addEventListener?.(event, look, { signal: stopped.signal });

  return {
    arm,
    mayRenew,
    stop() {
      host.clearTimeout(timer);
      stopped.abort();
    },
  };
}
