import { duration } from "./format.js";

/** What a person is told; codes without a line here fall to the end of `describe`. @type {Record<string, string>} */
const BY_CODE = {
  invalid_credentials: "That e-mail and password do not match an account. Check both and try again.",
  account_locked: "Too many attempts for this account.",
  rate_limited: "Too many attempts.",
  mfa_code_invalid: "That code was not accepted. Each code works once: wait for the next one and try again.",
  step_up_required: "For this step, please sign out and sign in again first.",
  conflict: "This has been changed elsewhere. Reload the page to see how it stands.",
  forbidden: "Your account may not do this.",
  signed_out: "You are signed out. Please sign in again.",
  service_unavailable: "The service is busy for the moment. Please try again shortly.",
  request_timeout: "Your connection is slow. Please try again.",
  network: "The service cannot be reached. Check your connection and try again.",
  timeout: "The service took too long to answer. Please try again.",
};

/** Why somebody finds themselves on the sign-in page. @type {Record<string, string>} */
const BY_REASON = {
  signed_out: "You have signed out.",
  signed_out_pending: "You have signed out. It can take a few minutes until this holds everywhere.",
  session_expired: "Your session has expired. Please sign in again.",
  session_revoked: "Your session was ended, here or on another device. Please sign in again.",
  refresh_token_invalid: "Your session is no longer valid. Please sign in again.",
  refresh_token_reused: "Your session was ended for your safety. Please sign in again.",
  mfa_token_invalid: "That sign-in took too long. Please start again.",
};

/** @param {import("./problem.js").ApiError | Error} error @returns {string} one or two sentences for a person */
export function describe(error) {
  if (!("code" in error)) return "Something went wrong on this page. Please try again.";
  if (error.code === "validation_failed" && error.fields.length > 0) return "Please check what is marked below.";
  const wait = error.retryAfter ? ` Try again in ${duration(error.retryAfter)}.` : "";
  const known = BY_CODE[error.code];
  if (known) return error.status === 429 ? `${known}${wait || " Try again later."}` : known;
  return `Something went wrong. Please try again.${error.requestId ? ` Reference: ${error.requestId}` : ""}`;
}

/** @param {string[]} amr RFC 8176; a recovery code has no value of its own there, but makes two factors */
export function describeMethods(amr) {
  if (amr.includes("otp")) return "Password and authenticator code";
  return amr.includes("mfa") ? "Password and recovery code" : "Password";
}

/** @param {string | null} reason @returns {string | null} */
export function describeReason(reason) {
  return reason === null ? null : (BY_REASON[reason] ?? "Please sign in again.");
}
