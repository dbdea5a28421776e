import { rolesFrom } from "./roles.js";

/**
 * What can be done with somebody's account, and how it is said.
 * @typedef {{ id: string, email: string, name: string, roles: string[], mfa_enabled: boolean, created_at: string,
 *   status: "active" | "locked" | "disabled", locked_until: string | null, last_sign_in_at: string | null, sessions: number,
 *   passkeys: number }} Person
 * @typedef {{ key: string, method: "POST" | "PUT", path: string, label: string, title: string, explains: string, done: string,
 *   kind: "primary" | "danger", wants?: "until" | "roles" }} Deed `path` below the person's; `wants`: what it takes besides a reason
 */

/** @type {Record<string, Omit<Deed, "key">>} */
const DEEDS = {
  lock: {
    method: "POST",
    path: "lock",
    label: "Lock…",
    title: "Lock this account?",
    explains: "Nobody can sign in with it, and all its sessions end at once. A lock with an end is lifted by itself.",
    done: "The account is locked.",
    kind: "danger",
    wants: "until",
  },
  unlock: {
    method: "POST",
    path: "unlock",
    label: "Unlock…",
    title: "Unlock this account?",
    explains: "It can be used to sign in again. Failed attempts so far are forgotten.",
    done: "The account is unlocked.",
    kind: "primary",
  },
  disable: {
    method: "POST",
    path: "disable",
    label: "Disable…",
    title: "Disable this account?",
    explains: "Nobody can sign in with it, and all its sessions end at once. It and its data stay until it is enabled or erased.",
    done: "The account is disabled.",
    kind: "danger",
  },
  enable: {
    method: "POST",
    path: "enable",
    label: "Enable…",
    title: "Enable this account?",
    explains: "It can be used to sign in again, with the password and factors it had.",
    done: "The account is enabled.",
    kind: "primary",
  },
  roles: {
    method: "PUT",
    path: "roles",
    label: "Change roles…",
    title: "Change roles?",
    explains: "They hold from the next access token on; what is asked of this service, at once.",
    done: "The roles are changed.",
    kind: "primary",
    wants: "roles",
  },
  reset: {
    method: "POST",
    path: "reset-2fa",
    label: "Reset two-factor…",
    title: "Reset two-factor sign-in?",
    explains: "The password alone signs in then: authenticator, recovery codes and trusted browsers go, passkeys stay, and all sessions end. First make sure, by another way than e-mail, that it is the account’s owner who asks.",
    done: "Two-factor sign-in is reset.",
    kind: "danger",
  },
  end: {
    method: "POST",
    path: "revoke-sessions",
    label: "Sign out everywhere…",
    title: "End all sessions of this account?",
    explains: "Its owner is signed out on every device, and can sign in again at once.",
    done: "All sessions are ended.",
    kind: "danger",
  },
};

/** What makes sense for somebody as they are now. @param {Person} person @returns {Deed[]} */
export function deedsFor({ status, mfa_enabled, sessions }) {
  const keys = [
    status === "disabled" ? "enable" : status === "locked" ? "unlock" : "lock",
    ...(status === "disabled" ? [] : ["disable"]),
    "roles",
    ...(mfa_enabled ? ["reset"] : []),
    ...(sessions > 0 ? ["end"] : []),
  ];
  return keys.map((key) => ({ key, .../** @type {Omit<Deed, "key">} */ (DEEDS[key]) }));
}

/**
 * What the service is told, of what was typed.
 * @param {Deed} deed @param {Record<string, string>} typed
 */
export function bodyOf({ wants }, { reason = "", until = "", ...others }) {
  return {
    reason: reason.trim(),
    ...(wants === "until" && until && { until: new Date(until).toISOString() }),
    ...(wants === "roles" && { roles: rolesFrom(others) }),
  };
}
