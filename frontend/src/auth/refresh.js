import { AuthError } from "./errors.js";
import { failed, settleLease, supersede, takeLease } from "./lease.js";
import { createQueue } from "./queue.js";
import { readSession } from "./session.js";

/**
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {import("./types.js").Session} Session
 * @typedef {{ host: import("./types.js").Host, name: string, storage: import("./types.js").Storage, timeout: number,
 *   call: import("./api.js").Call, view: import("./view.js").View }} Parts
 */

/**
 * One refresh at a time in this tab, and by the lease one among all.
 * @param {Parts} parts
 * @returns {() => Promise<void>} replaces what this tab sees; rejects with why it could not be, for now
 */
export function createRefresh({ host, name, storage, call, timeout, view }) {
  const queue = createQueue(host, name);
  const owner = `${host.Math.random()}`;
  const hold_ms = timeout + 2000;
  /** @type {Promise<void> | null} */
  let flight = null;

  return () => (flight ??= run().finally(() => (flight = null)));

  async function run() {
    const seen = view.entry().version;
    const { retry } = await storage.read();
    await queue(async (queued) => {
      for (;;) {
        const claim = { owner, queued, seen, hold_ms, now_ms: host.Date.now(), failures: retry?.failures ?? 0 };
        const { outcome, entry } = await takeLease(storage, claim);
        if (outcome === "taken") return exchange(entry);
        if (outcome === "busy") await view.news();
        else {
          await view.adopt(entry);
          if (outcome === "failed") throw errorOf(/** @type {import("./types.js").Retry} */ (entry.retry), claim.now_ms);
          return;
        }
      }
    });
  }

  /** @param {Entry} held */
  async function exchange(held) {
    try {
      const { refresh } = /** @type {Session} */ (await storage.open(held.session));
      const headers = { "X-Tab-State": host.document?.visibilityState === "hidden" ? "background" : "foreground" };
      const { body, sent_ms } = await call("refresh", refresh ? { refresh_token: refresh } : {}, { headers, again: true });
      const session = readSession(body, sent_ms, !!storage.cookie);
      const sealed = await storage.seal(session);
      const { kept, entry } = await settleLease(storage, held, ({ version }) => ({ version: version + 1, session: sealed, retry: null }));
      // Late, and another tab has taken over: where tokens are each tab's own, this one is good all the same.
      const isOurs = kept || (storage.cookie && entry.session?.sid === session.sid);
      await view.adopt(entry, isOurs ? session : undefined);
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
    await view.adopt(entry);
    if (kept) throw error;
  }
}

/** Why the last refresh failed, in whichever tab it was. @param {import("./types.js").Retry} retry @param {number} now_ms */
export function errorOf({ kind, code, hard, at_ms }, now_ms) {
  return new AuthError(kind, { code, retryAfter: hard ? Math.max(0, Math.ceil((at_ms - now_ms) / 1000)) : null });
}
