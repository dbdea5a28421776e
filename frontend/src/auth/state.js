/**
 * @typedef {import("./types.js").AuthState} AuthState
 * @typedef {import("./types.js").Status | "change" | "refreshed"} AuthEvent the status entered; any change; a new access token
 */

/** @type {AuthState} */
const INITIAL = { status: "initializing", user: null, sessionId: null, expiresAt: null, challenge: null, error: null, code: null };

/** Holds the state and tells who listens. The object changes exactly when something in it does. */
export function createState() {
  let state = INITIAL;
  /** @type {Set<[AuthEvent, (state: AuthState) => void]>} */
  const listeners = new Set();

  /** @param {AuthEvent} event @param {(state: AuthState) => void} fn @returns {() => void} stops it */
  function on(event, fn) {
    /** @type {[AuthEvent, (state: AuthState) => void]} */
    const listener = [event, fn];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** One that throws keeps no other from hearing. @param {AuthEvent} event */
  function tell(event) {
    for (const [wanted, fn] of [...listeners]) {
      if (wanted === event) {
        try {
          fn(state);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    }
  }

  /** @param {Partial<AuthState>} next what is not named is empty */
  function become(next) {
    const former = state;
    state = Object.freeze({ ...INITIAL, ...next });
    const same = /** @type {(keyof AuthState)[]} */ (Object.keys(INITIAL)).every((key) => key === "error" ? former.error?.code === state.error?.code : former[key] === state[key]);
    if (same) {
      state = former;
      return;
    }
    if (state.status !== former.status) tell(state.status);
    if (state.expiresAt && former.expiresAt && state.expiresAt !== former.expiresAt && state.sessionId === former.sessionId) tell("refreshed");
    tell("change");
  }

  return { get: () => state, on, become, clear: () => listeners.clear() };
}
