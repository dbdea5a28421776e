import { useAuth } from "../contexts/AuthContext.jsx";
import { announce } from "./Announcer.jsx";

/**
 * Signing out always works here; what the service could not be told is said.
 * @returns {(scope: "local" | "global") => Promise<void>}
 */
export function useSignOut() {
  const { logout } = useAuth();
  return async (scope) => {
    const told = await logout({ scope }).catch(() => null);
    if (!told) announce("You are signed out in this browser, but the service could not be told. Sign in again later to end the session everywhere.");
    else announce(told.applied ? "You have signed out." : "You have signed out. It can take a few minutes until this holds everywhere.");
  };
}
