/**
 * @typedef {import("./types.js").Session} Session
 * @param {{ send: typeof globalThis.fetch, home: () => string, origins: string[], leeway: number,
 *   usable: (least_s: number, signal: AbortSignal) => Promise<Session>,
 *   replaced: (refused: Session) => Promise<Session | null> }} parts `usable`: a session whose token lives;
 *   `replaced`: with another token than the one refused
 */
export function createFetch({ send, home, origins, leeway, usable, replaced }) {
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
    const request = new Request(input instanceof Request ? input : new URL(input, home()), init);
    const { origin } = new URL(request.url);
    if (![home(), ...origins].some((url) => new URL(url, home()).origin === origin) || request.headers.has("Authorization")) return go(request);
    const isStream = init?.body instanceof ReadableStream;
    const session = await usable(isStream ? leeway : 0, request.signal);
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
