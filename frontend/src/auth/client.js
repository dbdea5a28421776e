import { createApi } from "./api.js";
import { AuthError } from "./errors.js";
import { createFetch } from "./fetch.js";
import { createRefresh } from "./refresh.js";
import { createSchedule } from "./schedule.js";
import { createSigning } from "./signing.js";
import { createState } from "./state.js";
import { createView } from "./view.js";

/**
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").Storage} Storage
 * @typedef {import("./signing.js").Signing} Signing
 * @typedef {Signing & { view: import("./view.js").View, renew: () => Promise<void> }} Begun
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
  const home = () => base || host.location?.href;
  const state = createState();
  /** @type {typeof globalThis.fetch} */
  const send = (...request) => (options.fetch ?? host.fetch).call(host, ...request);
  /** @type {Promise<Begun> | undefined} */
  let starting;
  /** @type {(() => void)[]} */
  const stops = [state.stop];
  let isOver = false;

  function start() {
    return (starting ??= begin().catch((error) => {
      state.become({ status: "anonymous", error });
      throw error;
    }));
  }

  const quietly = () => start().then(() => {}, () => {});

  /** @returns {Promise<Begun>} */
  async function begin() {
    const storage = await open(name);
    const parts = { host, name, storage, state, timeout, leeway, backgroundRefresh, send, base, usable };
    const call = createApi(parts);
    const view = createView({ ...parts, moved: () => schedule.arm() });
    const renew = createRefresh({ ...parts, call, view });
    const schedule = createSchedule({ ...parts, view, renew });
    stops.push(schedule.stop, view.close, () => storage.close?.());
    if (isOver) dispose();
    const signing = createSigning({ ...parts, call, view });
    await view.sync();
    if (storage.cookie && !view.session()) await signing.resume();
    else if (view.session() && view.live_ms() <= 0 && schedule.mayRenew()) await renew().catch(() => {});
    view.reveal();
    return { ...signing, view, renew };
  }

  function dispose() {
    isOver = true;
    for (const stop of stops) stop();
  }

  /**
   * A session whose token lives, and longer than that if it can be had. What somebody began is never gone on with as
   * somebody who signed in meanwhile.
   * @param {number} [least_s] @returns {Promise<Session>}
   */
  async function lasting(least_s = 0) {
    const { view, renew } = await start();
    const session = view.signedIn();
    if (view.live_ms() > Math.min(least_s * 1000, session.lifetime_ms * 0.8)) return session;
    await renew().catch((error) => {
      if (view.live_ms() <= 0) throw error;
    });
    return view.signedIn(session.user.id);
  }

  /** @param {number} [least_s] @param {AbortSignal} [signal] gives up waiting */
  const usable = (least_s, signal) => until(lasting(least_s), signal);

  /** @param {Session} refused @returns {Promise<Session | null>} null where somebody else is signed in by now */
  async function replaced(refused) {
    const { view, renew } = await start();
    await view.sync();
    if (view.session()?.access === refused.access) await renew();
    const session = view.signedIn();
    return session.user.id === refused.user.id ? session : null;
  }

  const authFetch = createFetch({ send, home, origins, leeway, usable, replaced });

  return {
    /** For other ways to sign in, as by a passkey or a step-up. @type {Signing["adopt"]} */
    adopt: async (...input) => (await start()).adopt(...input),
    /** @type {Signing["login"]} */
    login: async (...input) => (await start()).login(...input),
    /** @type {Signing["verify2fa"]} */
    verify2fa: async (...input) => (await start()).verify2fa(...input),
    /** @type {Signing["logout"]} */
    logout: async (...input) => (await start()).logout(...input),
    /** Settled when it is known who is signed in; never rejects. @type {Promise<void>} */
    get ready() {
      return quietly();
    },
    getState: state.get,
    /** @param {() => void} fn called after every change @returns {() => void} stops it */
    subscribe(fn) {
      quietly();
      return state.on("change", fn);
    },
    /** @param {import("./state.js").AuthEvent} event @param {(state: import("./types.js").AuthState) => void} fn */
    on(event, fn) {
      quietly();
      return state.on(event, fn);
    },
    /** A new access token now. Rejects with why there is none, for now or for good. */
    async refresh() {
      const { view, renew } = await start();
      view.signedIn();
      await renew();
      return state.get();
    },
    /** @param {{ minTtl?: number, signal?: AbortSignal }} [options] `minTtl` in seconds @returns {Promise<string>} */
    getAccessToken: async ({ minTtl, signal } = {}) => (await usable(minTtl, signal)).access,
    fetch: authFetch,
    makeAuthenticatedRequest: authFetch,
    /** Stops everything; the session stays for the next client. */
    dispose,
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
