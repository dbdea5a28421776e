import { AuthError } from "./errors.js";
import { failed, settleLease, supersede, takeLease } from "./lease.js";
import { readSession } from "./session.js";

/**
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {import("./types.js").Session} Session
 * @typedef {{ host: import("./types.js").Host, storage: import("./types.js").Storage, call: import("./api.js").Call,
 *   owner: string, timeout: number, queue: <T>(run: (queued: boolean) => Promise<T>) => Promise<T>,
 *   news: () => Promise<unknown>, adopt: (entry: Entry, session?: Session) => Promise<unknown> }} Parts
 *   `news`: until another tab says something, or a moment has passed; `adopt`: what all agree on has changed
 */

/**
 * One refresh at a time in this tab, and by the lease one among all.
 * @param {Parts} parts
 * @returns {(seen: number) => Promise<void>} `seen`: the version to be replaced; rejects with why it could not be, for now
 */
export function createRefresh({ host, storage, call, owner, timeout, queue, news, adopt }) {
  const hold_ms = timeout + 2000;
  /** @type {Promise<void> | null} */
  let flight = null;

  return (seen) => (flight ??= run(seen).finally(() => (flight = null)));

  /** @param {number} seen */
  async function run(seen) {
    const { retry } = await storage.read();
    await queue(async (queued) => {
      for (;;) {
        const claim = { owner, queued, seen, hold_ms, now_ms: host.Date.now(), failures: retry?.failures ?? 0 };
        const { outcome, entry } = await takeLease(storage, claim);
        if (outcome === "taken") return exchange(entry);
        if (outcome === "busy") await news();
        else {
          await adopt(entry);
          if (outcome === "failed" && entry.retry) throw errorOf(entry.retry, claim.now_ms);
          return;
        }
      }
    });
  }

  /** @param {Entry} held */
  async function exchange(held) {
    try {
      const { refresh } = await storage.open(held.session);
      const headers = { "X-Tab-State": host.document?.visibilityState === "hidden" ? "background" : "foreground" };
      const { body, sent_ms } = await call("refresh", refresh ? { refresh_token: refresh } : {}, { headers, again: true });
      const session = readSession(body, sent_ms, !!storage.cookie);
      const sealed = await storage.seal(session);
      const { kept, entry } = await settleLease(storage, held, ({ version }) => ({ version: version + 1, session: sealed, retry: null }));
      await adopt(entry, kept ? session : undefined);
    } catch (cause) {
      await fail(held, /** @type {AuthError} */ (cause));
    }
  }

  /** Only a terminal code ends the session, and only if it is still the one that was refused. @param {Entry} held @param {AuthError} error */
  async function fail(held, error) {
    const now_ms = host.Date.now();
    const { kept, entry } = await settleLease(storage, held, (now) =>
      error.kind === "session_ended" ? supersede(now, now_ms, { ended: error.code }) : failed(now, error, now_ms, host.Math.random()),
    );
    await adopt(entry);
    if (kept) throw error;
  }
}

/** Why the last refresh failed, in whichever tab it was. @param {import("./types.js").Retry} retry @param {number} now_ms */
export function errorOf({ kind, code, hard, at_ms }, now_ms) {
  return new AuthError(kind, { code, retryAfter: hard ? Math.max(0, Math.ceil((at_ms - now_ms) / 1000)) : null });
}
