/**
 * The refresh token is an HttpOnly cookie, the access token stays in this tab's memory: what is kept, on `ledger`, says
 * only who is signed in.
 * @param {import("../types.js").Storage} ledger @returns {import("../types.js").Storage}
 */
export function createCookieStorage(ledger) {
  return { ...ledger, cookie: true, seal: (session) => ({ ...session, access: "", refresh: "" }) };
}
