import { createContext, useContext, useMemo, useSyncExternalStore } from "react";

import { auth } from "../services/authService.js";

/**
 * @typedef {import("../services/authService.js").AuthClient} AuthClient
 * @typedef {import("../services/authService.js").AuthState} AuthState
 * @typedef {Pick<AuthState, "user" | "status" | "error" | "challenge"> & Pick<AuthClient, "login" | "logout" | "verify2fa" | "makeAuthenticatedRequest">
 *   & { isAuthenticated: boolean, isLoading: boolean, client: AuthClient }} Auth `isAuthenticated` stays true while the
 *   service cannot be reached (`status` "degraded"); `challenge`: a second factor is wanted
 */

/** @type {import("react").Context<Auth | null>} */
const AuthContext = createContext(/** @type {Auth | null} */ (null));

/** What a server renders, and a browser before it has looked. @type {any} */
const UNKNOWN = { status: "initializing", user: null, error: null, challenge: null };

/** @param {{ client?: AuthClient, children?: import("react").ReactNode }} props `client` belongs to whoever made it */
export function AuthProvider({ client = auth, children }) {
  /** @type {AuthState} */
  const state = useSyncExternalStore(client.subscribe, client.getState, () => UNKNOWN);
  const value = useMemo(() => {
    const { status, user, error, challenge } = state;
    const { login, logout, verify2fa, makeAuthenticatedRequest } = client;
    const isAuthenticated = status === "authenticated" || status === "degraded";
    return { isAuthenticated, isLoading: status === "initializing", user, status, error, challenge, client, login, logout, verify2fa, makeAuthenticatedRequest };
  }, [client, state]);
  return <AuthContext.Provider value={value}>{children}</AuthContext.Provider>;
}

/** @returns {Auth} */
export function useAuth() {
  const value = useContext(AuthContext);
  if (!value) throw new Error("useAuth needs an <AuthProvider> above it");
  return value;
}
