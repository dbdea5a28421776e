/**
 * A service of canned answers. Each request takes the first answer still waiting for its "METHOD path"; one that
 * nobody prepared fails the test.
 * @typedef {{ method: string, path: string, body: any, token: string | null, init: RequestInit }} Seen
 */
export function fakeFetch() {
  /** @type {{ key: string, answer: (init: RequestInit) => Promise<Response> }[]} */
  const waiting = [];
  /** @type {Seen[]} */
  const seen = [];

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  async function fetch(input, init = {}) {
    const path = String(input);
    const key = `${init.method} ${path}`;
    const authorization = new Headers(init.headers).get("Authorization");
    const body = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    seen.push({ method: String(init.method), path, body, token: authorization?.replace("Bearer ", "") ?? null, init });
    const index = waiting.findIndex((each) => each.key === key);
    if (index < 0) throw new Error(`no answer was prepared for ${key}`);
    return /** @type {(typeof waiting)[number]} */ (waiting.splice(index, 1)[0]).answer(init);
  }

  return {
    fetch,
    seen,
    /** The paths asked for, in order. */
    paths: () => seen.map((each) => `${each.method} ${each.path}`),
    /** @param {string} key "METHOD path" @param {Response | Error | ((init: RequestInit) => Promise<Response>)} answer */
    on(key, answer) {
      waiting.push({
        key,
        answer: typeof answer === "function" ? answer : async () => (answer instanceof Response ? answer : Promise.reject(answer)),
      });
    },
  };
}

/** @param {unknown} body @param {number} [status] */
export function json(body, status = 200) {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", "X-Request-ID": "req-1" } });
}

/** @param {number} status @param {string} code @param {Record<string, string>} [headers] @param {object} [more] */
export function problem(status, code, headers = {}, more = {}) {
  return new Response(JSON.stringify({ type: `/problems/${code}`, title: code, status, detail: `${code}.`, code, request_id: "req-1", ...more }), {
    status,
    headers: { "Content-Type": "application/problem+json", "X-Request-ID": "req-1", ...headers },
  });
}

/** @param {number} n tells one pair from the next @param {object} [more] */
export function tokens(n, more = {}) {
  return json({
    access_token: `access-${n}`,
    token_type: "Bearer",
    expires_in: 900,
    refresh_token: `rt_${n}`,
    refresh_expires_in: 86_400,
    session_id: "session-1",
    user: { id: "user-1", email: "ada@inphora.example", name: "Ada", roles: [], mfa_enabled: false, created_at: "2026-01-01T00:00:00Z" },
    ...more,
  });
}
