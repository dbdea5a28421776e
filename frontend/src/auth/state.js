/**
 * @typedef {import("./types.js").AuthState} AuthState
 * @typedef {import("./types.js").Status | "change" | "refreshed"} AuthEvent the status entered; any change; a new access token
 */

/** @type {AuthState} */
const INITIAL = { status: "initializing", user: null, sessionId: null, expiresAt: null, challenge: null, error: null, code: null };

/** Holds the state and tells who listens. The object is another one exactly when something in it has changed. */
export function createState() {
  let target = new EventTarget();
  let state = INITIAL;
  let text = "";

  /** @param {AuthEvent} event */
  const tell = (event) => target.dispatchEvent(new Event(event));

  return {
    get: () => state,
    /** @param {AuthEvent} event @param {(state: AuthState) => void} fn one that throws keeps no other from hearing @returns {() => void} stops it */
    on(event, fn) {
      const listener = () => fn(state);
      target.addEventListener(event, listener);
      return () => target.removeEventListener(event, listener);
    },
    /** @param {Partial<AuthState>} next what is not named is empty */
    become(next) {
      const nextText = JSON.stringify(next);
      if (nextText === text) return;
      text = nextText;
      const former = state;
      state = Object.freeze({ ...INITIAL, ...next });
      if (state.status !== former.status) tell(state.status);
      else if (state.expiresAt !== former.expiresAt) tell("refreshed");
      tell("change");
    },
    /** Nobody hears any more. */
    stop() {
      target = new EventTarget();
    },
  };
}
