import { ACCESS_TOKEN_CODES, TERMINAL_CODES } from "./contract.js";
import { ApiError } from "./problem.js";
import { createRenewal, systemClock } from "./renewal.js";
import { readTokens } from "./tokens.js";

/**
 * @typedef {import("./contract.js").User} User
 * @typedef {{ status: "signed-out", reason: string | null }} SignedOut `reason`: a code, or `signed_out`
 * @typedef {{ status: "second-factor", mfaToken: string, methods: string[] }} SecondFactor
 * @typedef {{ status: "signed-in", tokens: import("./tokens.js").Tokens, user: User, trouble: ApiError | null }} SignedIn
 *   `trouble`: the last refresh failed for now; the session is kept
 * @typedef {SignedOut | SecondFactor | SignedIn} State
 * @typedef {ReturnType<typeof createSession>} AuthSession
 */

/**
 * Who is signed in on this page. Tokens live in this closure and nowhere else: a reload signs in again. Keeping
 * them across reloads and sharing them between tabs is the browser client's job, which replaces this module.
 * @param {{ request: import("./api.js").Request, clock?: import("./renewal.js").Clock }} parts
 */
export function createSession({ request, clock = systemClock }) {
  /** @type {State} */
  let state = { status: "signed-out", reason: null };
  /** @type {Set<(state: State) => void>} */
  const listeners = new Set();
  /** @type {{ tokens: import("./tokens.js").Tokens, landed: Promise<void> } | null} */
  let flight = null;
  const renewal = createRenewal({
    clock,
    renew: () => refresh(),
    dueAt_ms: () => (state.status === "signed-in" ? state.tokens.renew_at_ms : Infinity),
  });

  /** @param {State} next */
  function become(next) {
    state = next;
    for (const listener of listeners) listener(state);
  }

  /** @param {{ tokens: import("./tokens.js").Tokens, user: User }} answer */
  function accept({ tokens, user }) {
    become({ status: "signed-in", tokens, user, trouble: null });
    renewal.succeeded();
  }

  /** @param {string} reason */
  function end(reason) {
    renewal.stop();
    become({ status: "signed-out", reason });
  }

  /** @returns {SignedIn} */
  function signedIn() {
    if (state.status !== "signed-in") throw new ApiError("signed_out");
    return state;
  }

  /** One exchange of a token at a time; whoever asks meanwhile gets the same one. */
  function refresh() {
    const { tokens } = signedIn();
    if (flight?.tokens !== tokens) flight = { tokens, landed: exchange(tokens) };
    return flight.landed.finally(() => {
      if (flight?.tokens === tokens) flight = null;
    });
  }

  /** @param {import("./tokens.js").Tokens} tokens */
  async function exchange(tokens) {
    const isCurrent = () => state.status === "signed-in" && state.tokens === tokens;
    const answer = await request("POST", "/api/auth/refresh", { body: { refresh_token: tokens.refresh } })
      .then(({ body }) => readTokens(body, clock.now()))
      .catch((error) => {
        if (isCurrent()) survive(error);
        throw error;
      });
    if (isCurrent()) accept(answer); // else signed out meanwhile: those tokens belong to nobody
  }

  /** Network, timeouts, 429, 5xx, a firewall's 403: the session is kept. @param {ApiError} error */
  function survive(error) {
    if (error.status === 401 && TERMINAL_CODES.has(error.code)) return end(error.code);
    become({ ...signedIn(), trouble: error });
    renewal.failed(error.retryAfter);
  }

  /**
   * A request as the person signed in. On a refused access token it refreshes once and repeats once, never as
   * somebody else who signed in meanwhile.
   * @param {import("./api.js").Method} method @param {string} path @param {object} [body]
   */
  async function call(method, path, body) {
    const { tokens } = signedIn();
    try {
      return await request(method, path, { body, token: tokens.access });
    } catch (cause) {
      const error = /** @type {ApiError} */ (cause);
      if (error.status !== 401 || !ACCESS_TOKEN_CODES.has(error.code)) throw error;
      if (signedIn().tokens === tokens) await refresh(); // else another call has renewed them already
      const renewed = signedIn().tokens;
      if (renewed.sessionId !== tokens.sessionId) throw error;
      return request(method, path, { body, token: renewed.access });
    }
  }

  return {
    getState: () => state,
    /** @param {(state: State) => void} listener called after every change; returns how to stop it */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    call,
    refresh,
    renewal: { look: renewal.look, hurry: renewal.hurry },

    /** Afterwards signed in, or at the second factor. @param {{ email: string, password: string }} credentials */
    async signIn({ email, password }) {
      const { body } = await request("POST", "/api/auth/login", { body: { email, password } });
      if (body?.mfa_required !== true) return accept(readTokens(body, clock.now()));
      become({ status: "second-factor", mfaToken: body.mfa_token, methods: body.methods ?? ["totp"] });
    },

    /** An unknown or ended challenge leads back to the start. @param {string} code TOTP or recovery code */
    async verifySecondFactor(code) {
      if (state.status !== "second-factor") throw new ApiError("signed_out");
      try {
        const { body } = await request("POST", "/api/auth/verify-2fa", { body: { mfa_token: state.mfaToken, code } });
        accept(readTokens(body, clock.now()));
      } catch (cause) {
        if (/** @type {ApiError} */ (cause).code === "mfa_token_invalid") end("mfa_token_invalid");
        throw cause;
      }
    },

    /** Back from the second factor to the start. */
    startOver: () => become({ status: "signed-out", reason: null }),

    /** What is known of the user by now, newer than the tokens' copy. @param {Partial<User>} news */
    updateUser: (news) => become({ ...signedIn(), user: { ...signedIn().user, ...news } }),

    /** The service answered that this session is over. @param {string} reason */
    ended: (reason) => end(reason),

    /**
     * The tokens are forgotten only when the service has taken it: a failure keeps them, to try again.
     * @param {import("./contract.js").SignOutScope} scope
     */
    async signOut(scope) {
      const { status } = await call("POST", "/api/auth/logout", { scope }).catch((error) => {
        if (state.status !== "signed-out") throw error;
        return { status: 204 }; // it had ended already, which the refresh found out
      });
      if (scope !== "others") end(status === 202 ? "signed_out_pending" : "signed_out");
    },
  };
}
