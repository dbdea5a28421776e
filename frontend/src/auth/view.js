import { AuthError } from "./errors.js";
import { errorOf } from "./refresh.js";
import { createCountdown } from "./session.js";
import { EMPTY } from "./storage/memory.js";

/**
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").Challenge} Challenge
 * @typedef {ReturnType<typeof createView>} View
 */

/**
 * This tab's view of the entry that all tabs share, shown as state.
 * @param {{ host: import("./types.js").Host, name: string, storage: import("./types.js").Storage,
 *   state: ReturnType<typeof import("./state.js").createState>, moved: () => void }} parts `moved`: called after each look
 */
export function createView({ host, name, storage, state, moved }) {
  const left_ms = createCountdown(host);
  /** Says that something changed, and never what: no token is on it. */
  let channel = storage.shared && host.BroadcastChannel ? new host.BroadcastChannel(name) : null;
  /** @type {(value?: unknown) => void} */
  let wake = () => {};
  /** @type {Entry} */
  let entry = EMPTY;
  /** @type {Session | null} what of the entry this tab can use */
  let session = null;
  /** @type {Challenge | null} */
  let challenge = null;
  let isShown = false;
  let last = Promise.resolve();

  if (channel) {
    channel.onmessage = () => {
      wake();
      sync().catch(() => {}); // the next look tries again
    };
  }

  const live_ms = () => (session?.access ? left_ms(session) : -1);
  const signedOut = () => new AuthError("session_ended", { code: entry.ended ?? "signed_out" });
  /** @param {string} [id] of whoever began what is gone on with, perhaps by a session since replaced @throws {AuthError} `session_ended` */
  const signedIn = (id = session?.user.id) => {
    if (session && session.user.id === id) return session;
    throw signedOut();
  };
  /** One look after the other: what takes longer to open is never shown after what came later. @param {() => Promise<void>} look */
  const inTurn = (look) => (last = last.then(look, look));
  const sync = () => inTurn(async () => show(await storage.read()));

  /** @param {Entry} next @param {Session} [own] the session in it, where this tab has just put it there @returns {Promise<void>} */
  async function show(next, own) {
    if (next.version < entry.version && next.version) return; // read before a change that is here already
    if (own || next.version !== entry.version) {
      const opened = own ?? (next.session && (await storage.open(next.session)));
      // In cookie mode the entry has no tokens: this tab's own go on for as long as it is the same session.
      session = opened && !opened.access && opened.sid === session?.sid ? { ...session, user: opened.user } : opened;
    }
    entry = next;
    publish();
  }

  function publish() {
    if (session) challenge = null; // somebody signed in otherwise, in whichever tab
    if (!isShown) return;
    const { retry, ended } = entry;
    state.become(
      session
        ? {
            status: retry && live_ms() <= 0 ? "degraded" : "authenticated",
            user: session.user,
            sessionId: session.sid,
            expiresAt: session.access ? session.expires_ms : null,
            error: retry && errorOf(retry, host.Date.now()),
          }
        : { status: ended ? "expired" : "anonymous", challenge, code: ended, error: ended ? signedOut() : (storage.trouble ?? null) },
    );
    moved();
  }

  return {
    sync,
    live_ms,
    signedIn,
    entry: () => entry,
    session: () => session,
    /** From now on what is seen is also shown. */
    reveal() {
      isShown = true;
      publish();
    },
    /** What all agree on was changed here. @param {Entry} next @param {Session} [own] */
    async adopt(next, own) {
      await inTurn(() => show(next, own));
      channel?.postMessage(1);
    },
    /** @param {Challenge | null} next */
    challenged(next) {
      challenge = next;
      publish();
    },
    /** Resolves at another tab's word that something has changed, else after a moment. */
    news: () =>
      new Promise((resolve) => {
        wake = resolve;
        host.setTimeout(resolve, 100 + 200 * host.Math.random());
      }),
    close() {
      channel?.close();
      channel = null; // a refresh under way must still be kept, and a closed channel throws
    },
  };
}
