/**
 * As people type and paste codes: spaces and dashes of any kind inside a TOTP code, spaces around a recovery code.
 * @param {string} typed
 */
export function codeFrom(typed) {
  const digits = typed.replace(/[\s\p{Pd}]/gu, "");
  return /^\d{6}$/.test(digits) ? digits : typed.trim();
}
