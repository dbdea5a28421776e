import { AuthError } from "./errors.js";
import { supersede } from "./lease.js";
import { readSession } from "./session.js";

/**
 * @typedef {ReturnType<typeof createSigning>} Signing
 * @typedef {{ signal?: AbortSignal }} Waiting gives up waiting
 * @typedef {(call: import("./api.js").Call, mfaToken: string, cookie: boolean) => Promise<{ body: any, sent_ms: number }>} Ask
 *   by `call`, for an answer with tokens; `mfaToken` of the sign-in that waits for its second factor, or one that the service refuses;
 *   `cookie`: whether to ask for a refresh token that is the browser's to keep
 */

const NONE = "none";

/**
 * Signing in and out.
 * @param {{ host: import("./types.js").Host, call: import("./api.js").Call,
 *   view: import("./view.js").View, storage: import("./types.js").Storage, state: ReturnType<typeof import("./state.js").createState>, usable: () => Promise<import("./types.js").Session> }} parts
 */
export function createSigning({ host, call, view, storage, state, usable }) {
  const { cookie = false } = storage;
  /** Of the challenge that waits for its second factor; the service refuses what stands for none. */
  let mfaToken = NONE;

  function unchallenge() {
    mfaToken = NONE;
    view.challenged(null);
  }

  /**
   * Asks for tokens and signs in by them; also where somebody is signed in, whose session they then replace. Where a
   * second factor is wanted, rejects with kind `mfa_required`, and that is asked for next.
   * @param {Ask} ask
   */
  async function adopt(ask) {
    try {
      const { body, sent_ms } = await ask(call, mfaToken, cookie);
      const { mfa_required, mfa_token, methods = ["totp"], expires_in } = body ?? {};
      if (mfa_required) {
        mfaToken = mfa_token;
        view.challenged({ methods, expires_ms: sent_ms + expires_in * 1000 });
        throw new AuthError("mfa_required", { methods });
      }
      const session = readSession(body, sent_ms, cookie);
      const sealed = await storage.seal(session);
      unchallenge();
      await view.adopt(await storage.update((entry) => supersede(entry, sent_ms, { session: sealed })), session);
      return state.get();
    } catch (error) {
      if (/** @type {AuthError} */ (error).code === "mfa_token_invalid") unchallenge();
      throw error;
    }
  }

  /**
   * Not at once again in cookie mode: by then the cookie may be somebody else's.
   * @param {{ scope: string, refresh_token?: string }} body the refresh token, or the cookie, says who it is: an access
   *   token may have lapsed
   */
  async function tell(body) {
    const { status } = await call("logout", body, { keepalive: true, again: !cookie }).catch((error) => {
      if (error.status === 401 && body.scope === "local") return { status: 204 }; // it had ended already
      throw error;
    });
    if (cookie) await storage.update((entry) => ({ ...entry, leaving: false }));
    return { applied: status !== 202 };
  }

  return {
    /** Cookie mode knows only by asking: a sign-out that could not be told is told, an unknown cookie is tried. */
    async resume() {
      const { leaving, version } = view.entry();
      if (leaving) await tell({ scope: "local" }).catch(() => {});
      else if (!version) await adopt(() => call("refresh", {})).catch(() => {});
    },
    adopt,
    /**
     * Rejects with kind `mfa_required` where a second factor is wanted: `verify2fa` goes on from there.
     * @param {{ email: string, password: string, device_name?: string, device_token?: string }} credentials @param {Waiting} [options]
     */
    login: (credentials, options) => adopt(() => call("login", { ...credentials, ...(cookie && { cookie }) }, options)),
    /** @param {{ code: string, trust_device?: boolean }} factor a TOTP or a recovery code @param {Waiting} [options] */
    verify2fa: (factor, options) => adopt(() => call("verify-2fa", { mfa_token: mfaToken, ...factor }, options)),
    /**
     * Signs out in all tabs at once, then tells the service; rejects where that could not be told. Also leaves a
     * sign-in that waits for its second factor.
     * @param {{ scope?: "local" | "others" | "global" }} [options]
     * @returns {Promise<{ applied: boolean }>} false: committed, and held to everywhere within minutes
     */
    async logout({ scope = "local" } = {}) {
      unchallenge();
      await view.sync().catch(() => {}); // a storage that fails keeps no sign-out from the service
      const session = scope === "others" ? await usable() : view.session();
      let outcome = { applied: true };
      try {
        if (scope !== "others") await view.adopt(await storage.update((entry) => supersede(entry, host.Date.now(), { leaving: cookie && !!session })));
      } finally {
        if (session) outcome = await tell({ scope, ...(!cookie && { refresh_token: session.refresh }) });
      }
      return outcome;
    },
  };
}
