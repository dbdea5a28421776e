import { duration } from "./format.js";

/** What a person is told; codes without a line here fall to the end of `describe`. @type {Record<string, string>} */
const BY_CODE = {
  invalid_credentials: "That e-mail and password do not match an account. Check both and try again.",
  account_locked: "Too many attempts for this account.",
  rate_limited: "Too many attempts.",
  mfa_token_invalid: "That sign-in took too long. Please start again.",
  mfa_code_invalid: "That code was not accepted. Each code works once: wait for the next one and try again.",
  passkey_invalid: "That passkey was not accepted. Try again, or sign in another way.",
  passkey_exists: "There is a passkey of this account on that device already.",
  passkey_unavailable: "Passkeys do not work at this address, or in this browser.",
  step_up_required: "This step wants a stronger proof of who you are than you can give here. Ask an administrator for help.",
  registration_closed: "New accounts cannot be made here. Ask whoever runs this service for one.",
  link_invalid: "This link has been used, or is too old.",
  last_admin: "This is the last administrator who can sign in: give somebody else the role first.",
  session_limit: "You are signed in on as many devices as are allowed. Sign out on one of them first.",
  conflict: "This has been changed elsewhere. Reload the page to see how it stands.",
  forbidden: "Your account may not do this.",
  signed_out: "You are signed out. Please sign in again.",
  service_unavailable: "The service is busy for the moment. Please try again shortly.",
  request_timeout: "Your connection is slow. Please try again.",
  network: "The service cannot be reached. Check your connection and try again.",
  storage_unavailable: "This browser keeps nothing for this page: you will be asked to sign in again after a reload.",
  encryption_unavailable: "This page may keep you signed in only over https.",
  timeout: "The service took too long to answer. Please try again.",
};

/** Why somebody finds themselves on the sign-in page. @type {Record<string, string>} */
const BY_REASON = {
  session_expired: "Your session has expired. Please sign in again.",
  session_revoked: "Your session was ended, here or on another device. Please sign in again.",
  refresh_token_invalid: "Your session is no longer valid. Please sign in again.",
  refresh_token_reused: "Your session was ended for your safety. Please sign in again.",
};

/** @param {import("../auth/errors.js").AuthError | Error} error @returns {string} one or two sentences for a person; none where it is as they wanted */
export function describe(error) {
  if (!("kind" in error)) return "Something went wrong on this page. Please try again.";
  if (error.kind === "aborted") return ""; // as the person wanted it
  if (error.code === "validation_failed" && error.fields.length > 0) return "Please check what is marked below.";
  const wait = error.retryAfter ? ` Try again in ${duration(error.retryAfter)}.` : "";
  const known = BY_CODE[error.code];
  if (known) return error.status === 429 ? `${known}${wait || " Try again later."}` : known;
  return `Something went wrong. Please try again.${error.requestId ? ` Reference: ${error.requestId}` : ""}`;
}

/** @param {string[]} amr RFC 8176; a recovery code has no value of its own there, but makes two factors */
export function describeMethods(amr) {
  if (amr.includes("swk") || amr.includes("hwk")) return amr.includes("pwd") ? "Password and passkey" : "Passkey";
  if (amr.includes("otp")) return "Password and authenticator code";
  return amr.includes("mfa") ? "Password and recovery code" : "Password";
}

/**
 * Why somebody is asked to sign in, if there is more to say than that.
 * @param {Pick<import("../auth/types.js").AuthState, "code" | "error">} state @returns {string | null}
 */
export function describeReason({ code, error }) {
  if (code) return BY_REASON[code] ?? "Please sign in again.";
  return error && describe(error);
}
