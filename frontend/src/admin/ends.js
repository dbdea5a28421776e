/** Why a session ended, for whoever is asked "why was I signed out?". @type {Record<string, string>} */
const ENDS = {
  logout: "its owner signed out",
  idle_timeout: "nobody used it for too long",
  absolute_timeout: "it had lasted as long as a session may",
  revoked_user: "its owner ended it from another device",
  revoked_admin: "an administrator ended it",
  token_reuse: "a refresh token that had been used came back: somebody may have copied it",
  password_change: "the password was changed",
  evicted: "its owner signed in on more devices than are allowed, and this one was used the longest ago",
  erased: "the account was erased",
  superseded: "its owner proved again who they are, and a new session took its place: they stayed signed in",
  mfa_change: "a second factor was changed",
  email_change: "the e-mail address was changed",
  account_disabled: "an administrator locked or disabled the account",
  aborted: "the answer to the sign-in could not be sent",
};

/** @param {string} reason */
export const sayEnd = (reason) => ENDS[reason] ?? reason.replaceAll("_", " ");

/**
 * The one sentence that answers the question, without its full stop.
 * @param {{ ended_at: string | null, end_reason: string | null } | null} session null where its record is not kept any more
 * @param {(at: string) => string} instant
 */
export function whyEnded(session, instant) {
  if (!session) return "This session’s own record is not kept any more. What the audit has of it is below";
  const { ended_at, end_reason } = session;
  if (!ended_at) return "This session is alive: nobody was signed out of it";
  return `Signed out on ${instant(ended_at)}, because ${end_reason ? sayEnd(end_reason) : "of something that the records do not name"}`;
}
