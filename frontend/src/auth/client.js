import { createApi } from "./api.js";
import { AuthError } from "./errors.js";
import { createFetch } from "./fetch.js";
import { supersede } from "./lease.js";
import { createQueue } from "./queue.js";
import { createRefresh } from "./refresh.js";
import { createSchedule } from "./schedule.js";
import { readSession } from "./session.js";
import { createState } from "./state.js";
import { createView } from "./view.js";

/**
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").Storage} Storage
 * @typedef {{ signal?: AbortSignal }} Waiting gives up waiting
 * @typedef {ReturnType<typeof createClient>} AuthClient
 */

/**
 * The client over a storage that `open` brings; `createAuthClient` (services/authService.js) picks one by name.
 * Nothing is touched before the first use, so it can be made anywhere.
 * @param {import("./types.js").AuthOptions} options @param {(name: string) => Promise<Storage>} open
 * @param {import("./types.js").Host} host
 */
export function createClient(options, open, host) {
  const { baseUrl = "", namespace = "default", origins = [], leeway = 300, timeout = 10_000, backgroundRefresh = false } = options;
  const name = `inphora-auth.${namespace}`;
  const base = baseUrl.replace(/\/+$/, "");
  const cookie = options.storage === "cookie" || !!(/** @type {Partial<Storage>} */ (options.storage)?.cookie);
  const state = createState();
  /** @type {typeof globalThis.fetch} */
  const send = (...request) => (options.fetch ?? host.fetch).call(host, ...request);
  const call = createApi(host, { send, base, timeout, cookie });
  const home = () => base || host.location?.href;
  /** @type {Storage} */
  let storage;
  /** @type {import("./view.js").View} */
  let view;
  /** @type {ReturnType<typeof createSchedule> | undefined} */
  let schedule;
  /** @type {ReturnType<typeof createRefresh>} */
  let refreshOnce;
  /** @type {string | null} of the challenge that waits for its second factor */
  let mfaToken = null;
  /** @type {Promise<void> | undefined} */
  let starting;

  const renew = () => refreshOnce(view.entry().version);
  const start = () =>
    (starting ??= begin().catch((error) => {
      state.become({ status: "anonymous", error });
      throw error;
    }));

  async function begin() {
    storage = await open(name);
    view = createView({ host, name, storage, state, moved: () => schedule?.arm() });
    const { adopt, news } = view;
    refreshOnce = createRefresh({ host, storage, call, owner: `${host.Math.random()}`, timeout, adopt, news, queue: createQueue(host, name) });
    await view.sync();
    schedule = createSchedule({ host, leeway, backgroundRefresh, refresh: renew, hurry, view: () => view });
    if (cookie && !view.session()) await resume();
    else if (view.session() && view.live_ms() <= 0 && schedule.mayRenew()) await renew().catch(() => {});
    view.reveal();
  }

  /** Cookie mode knows only by asking: a sign-out that could not be told is told, an unknown cookie is tried. */
  async function resume() {
    const { leaving, version } = view.entry();
    if (leaving) await tell({ scope: "local" }).catch(() => {});
    else if (!version) await call("refresh", {}).then(install, () => {});
  }

  function unchallenge() {
    mfaToken = null;
    view.challenged(null);
  }

  /** @param {{ body: any, sent_ms: number }} answer */
  async function install({ body, sent_ms }) {
    const session = readSession(body, sent_ms, cookie);
    const sealed = await storage.seal(session);
    unchallenge();
    await view.adopt(await storage.update((entry) => supersede(entry, sent_ms, { session: sealed })), session);
    return state.get();
  }

  /** The network came back: what failed without it may be tried at once. */
  const hurry = () => storage.update((entry) => (entry.retry?.hard === false ? { ...entry, retry: { ...entry.retry, at_ms: 0 } } : undefined));

  /** @param {number} least_s @returns {Promise<Session>} */
  async function usable(least_s) {
    await start();
    const session = view.session();
    if (!session) throw view.signedOut();
    if (view.live_ms() > Math.min(least_s * 1000, session.lifetime_ms * 0.8)) return session;
    await renew().catch((error) => {
      if (view.live_ms() <= 0) throw error;
    });
    return view.session() ?? Promise.reject(view.signedOut());
  }

  /** @param {Session} refused @returns {Promise<Session | null>} null where somebody else is signed in by now */
  async function replaced(refused) {
    await view.sync();
    if (view.session()?.access === refused.access) await renew();
    const session = view.session();
    if (!session) throw view.signedOut();
    return session.sid === refused.sid ? session : null;
  }

  /** @param {object} body the refresh token, or the cookie, says who it is: an access token may have lapsed */
  async function tell(body) {
    const { status } = await call("logout", body, { keepalive: true, again: true }).catch((error) => {
      if (error.status === 401) return { status: 204 }; // it had ended already
      throw error;
    });
    if (cookie) await storage.update((entry) => ({ ...entry, leaving: false }));
    return { applied: status !== 202 };
  }

  const authFetch = createFetch({
    send,
    base: home,
    origins: () => [home(), ...origins].map((url) => new URL(url, home()).origin),
    usable: (isStream, signal) => until(usable(isStream ? leeway : 0), signal),
    replaced,
  });

  return {
    /** Settled when it is known who is signed in; never rejects. */
    get ready() {
      return start().catch(() => {});
    },
    getState: state.get,
    /** @param {() => void} fn called after every change @returns {() => void} stops it */
    subscribe(fn) {
      start().catch(() => {});
      return state.on("change", fn);
    },
    /** @param {import("./state.js").AuthEvent} event @param {(state: import("./types.js").AuthState) => void} fn */
    on(event, fn) {
      start().catch(() => {});
      return state.on(event, fn);
    },
    /**
     * Rejects with kind `mfa_required` where a second factor is wanted: `verify2fa` goes on from there.
     * @param {{ email: string, password: string, device_name?: string }} credentials @param {Waiting} [options]
     */
    async login(credentials, { signal } = {}) {
      await start();
      const answer = await call("login", { ...credentials, ...(cookie && { cookie }) }, { signal });
      const { mfa_required, mfa_token, methods = ["totp"], expires_in } = answer.body ?? {};
      if (!mfa_required) return install(answer);
      mfaToken = mfa_token;
      view.challenged({ methods, expires_ms: answer.sent_ms + expires_in * 1000 });
      throw new AuthError("mfa_required", { methods });
    },
    /** @param {{ code: string }} factor a TOTP or a recovery code @param {Waiting} [options] */
    async verify2fa({ code }, { signal } = {}) {
      await start();
      if (!mfaToken) throw new AuthError("credentials", { code: "mfa_token_invalid" });
      const answer = await call("verify-2fa", { mfa_token: mfaToken, code }, { signal }).catch((error) => {
        if (error.code === "mfa_token_invalid") unchallenge();
        throw error;
      });
      return install(answer);
    },
    /**
     * Signs out in all tabs at once, then tells the service; rejects where that could not be told. Also leaves a
     * sign-in that waits for its second factor.
     * @param {{ scope?: "local" | "others" | "global" }} [options]
     * @returns {Promise<{ applied: boolean }>} false: committed, and held to everywhere within minutes
     */
    async logout({ scope = "local" } = {}) {
      await start();
      unchallenge();
      await view.sync();
      const session = scope === "others" ? await usable(0) : view.session();
      if (scope !== "others") await view.adopt(await storage.update((entry) => supersede(entry, host.Date.now(), { leaving: cookie && !!session })));
      return session ? tell({ scope, ...(!cookie && { refresh_token: session.refresh }) }) : { applied: true };
    },
    /** A new access token now. Rejects with why there is none, for now or for good. */
    async refresh() {
      await start();
      if (!view.session()) throw view.signedOut();
      await renew();
      return state.get();
    },
    /** @param {{ minTtl?: number } & Waiting} [options] `minTtl` in seconds @returns {Promise<string>} */
    getAccessToken: async ({ minTtl = 0, signal } = {}) => (await until(usable(minTtl), signal)).access,
    fetch: authFetch,
    makeAuthenticatedRequest: authFetch,
    /** Stops everything; the session stays for the next client. */
    dispose() {
      schedule?.stop();
      view?.close();
      storage?.close?.();
      state.stop();
    },
  };
}

/** @template T @param {Promise<T>} work goes on without the caller @param {AbortSignal} [signal] @returns {Promise<T>} */
function until(work, signal) {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(new AuthError("aborted", { cause: signal.reason }));
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
