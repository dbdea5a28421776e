/**
 * What the service's HTTP contract says of the bodies this page reads. Types only, but for the two sets of codes.
 *
 * @typedef {{ id: string, email: string, name: string | null, roles: string[], mfa_enabled: boolean, created_at: string }} User
 * @typedef {{ id: string, created_at: string, last_seen_at: string, expires_at: string, ip: string | null,
 *   device: string | null, amr: string[], current: boolean }} Session
 * @typedef {{ access_token: string, expires_in: number, refresh_token: string, session_id: string, user: User }} TokensBody
 * @typedef {{ mfa_required: true, mfa_token: string, methods: string[], expires_in: number }} ChallengeBody
 * @typedef {{ secret: string, otpauth_uri: string, qr_svg: string }} TwoFactorSetup
 * @typedef {"local" | "others" | "global"} SignOutScope
 */

/** Answers to a refresh after which only a new sign-in helps. Nothing else ends a session here. */
export const TERMINAL_CODES = new Set([
  "refresh_token_invalid",
  "refresh_token_reused",
  "session_expired",
  "session_revoked",
]);

/** Refusals of an access token that one refresh may cure, or explain. */
export const ACCESS_TOKEN_CODES = new Set(["token_expired", "token_invalid", "token_revoked"]);
