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
  const channel = storage.shared && host.BroadcastChannel ? new host.BroadcastChannel(name) : null;
  /** @type {(value?: unknown) => void} */
  let wake = () => {};
  /** @type {Entry} */
  let entry = EMPTY;
  /** @type {Session | null} what of the entry this tab can use */
  let session = null;
  /** @type {Challenge | null} */
  let challenge = null;
  let trouble = storage.trouble ?? null;
  let isShown = false;
  let turn = 0;

  if (channel) {
    channel.onmessage = () => {
      wake();
      sync().catch(() => {}); // the next look tries again
    };
  }

  const live_ms = () => (session?.access ? left_ms(session) : -1);
  const signedOut = () => new AuthError("session_ended", { code: entry.ended ?? "signed_out" });
  /** @throws {AuthError} `session_ended` */
  const signedIn = () => {
    if (session) return session;
    throw signedOut();
  };
  const sync = async () => show(await storage.read());

  /** @param {Entry} next @param {Session} [own] the session in it, where this tab has just put it there @returns {Promise<void>} */
  async function show(next, own) {
    if (next.version < entry.version && next.version) return; // read before a change that is here already
    const mine = ++turn;
    if (own || next.version !== entry.version) {
      const opened = own ?? (next.session && (await open(next.session)));
      if (mine !== turn) return sync();
      // In cookie mode the entry has no tokens: this tab's own go on for as long as it is the same session.
      session = opened && !opened.access && opened.sid === session?.sid ? { ...session, user: opened.user } : opened;
    }
    entry = next;
    publish();
  }

  /** @param {any} sealed @returns {Promise<Session | null>} */
  async function open(sealed) {
    try {
      return await storage.open(sealed);
    } catch (cause) {
      trouble = /** @type {AuthError} */ (cause);
      return null;
    }
  }

  function publish() {
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
        : { status: ended ? "expired" : "anonymous", challenge, code: ended, error: ended ? signedOut() : trouble },
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
      await show(next, own);
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
    close: () => channel?.close(),
  };
}
