/**
 * @typedef {import("./types.js").Session} Session
 * @param {{ origins: () => string[], base: () => string, send: typeof globalThis.fetch,
 *   usable: (isStream: boolean, signal: AbortSignal) => Promise<Session>,
 *   replaced: (refused: Session) => Promise<Session | null> }} parts `usable`: a session whose token lives;
 *   `replaced`: with another token than the one refused
 */
export function createFetch({ origins, base, send, usable, replaced }) {
  /** @param {Request} request @param {Session} [session] */
  const go = (request, session) => {
    if (session) request.headers.set("Authorization", `Bearer ${session.access}`);
    return send(request);
  };

  /**
   * As `fetch`, with the access token for the service and the origins allowed. A refused token is renewed once and the
   * request repeated once, unless its body is a stream, which cannot be read twice.
   * @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>}
   */
  return async (input, init) => {
    const request = new Request(input instanceof Request ? input : new URL(input, base()), init);
    if (!origins().includes(new URL(request.url).origin) || request.headers.has("Authorization")) return go(request);
    const isStream = init?.body instanceof ReadableStream;
    const session = await usable(isStream, request.signal);
    const spare = isStream ? null : request.clone();
    const response = await go(request, session);
    if (!spare || !(await refusesToken(response))) return response;
    const renewed = await replaced(session);
    return renewed ? go(spare, renewed) : response;
  };
}

/** A 401 may also be about a password or a code in the body: those name another code. @param {Response} response */
async function refusesToken(response) {
  if (response.status !== 401) return false;
  const { code } = (await response.clone().json().catch(() => null)) ?? {};
  return typeof code !== "string" || code.startsWith("token_");
}
