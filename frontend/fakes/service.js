/**
 * The service as its contract says, in memory: rotation with replay and reuse detection, token mode and cookie mode.
 * @typedef {{ path: string, method: string, headers: Headers, body: any, credentials: string | undefined }} Asked
 * @typedef {(asked: Asked) => Response | "drop" | Error | Promise<Response | undefined> | undefined} Fault
 * @param {{ lifetime_s?: number, now?: () => number }} [options]
 */
export function fakeService({ lifetime_s = 900, now = () => 0 } = {}) {
  /** @type {Map<string, { gen: number, seen: number, rotated_ms: number, ended: string | null, name: string, cookie: boolean }>} */
  const sessions = new Map();
  /** @type {Asked[]} */
  const asked = [];
  /** @type {Fault[]} */
  const faults = [];
  const counts = { refreshed: 0, replayed: 0, reused: 0 };
  let jar = "";
  let isCookieWanted = false;
  let minted = 0;

  /** @param {string} sid */
  function tokens(sid) {
    const { gen, name, cookie } = /** @type {NonNullable<ReturnType<typeof sessions.get>>} */ (sessions.get(sid));
    const refresh_token = `rt_${sid}.${gen}`;
    if (cookie) jar = refresh_token;
    return json({
      access_token: `at_${sid}.${gen}.${++minted}`,
      token_type: "Bearer",
      expires_in: lifetime_s,
      ...(!cookie && { refresh_token }),
      session_id: sid,
      user: { id: `id-${name}`, email: `${name}@inphora.example`, name, roles: [], mfa_enabled: false, created_at: "2026-01-01T00:00:00Z" },
    });
  }

  /** @param {string} name @param {boolean} cookie */
  function open(name, cookie) {
    const sid = `s${sessions.size + 1}`;
    sessions.set(sid, { gen: 0, seen: 0, rotated_ms: 0, ended: null, name, cookie });
    return tokens(sid);
  }

  /** @param {string} text */
  function refresh(text) {
    const [sid = "", gen] = text.replace("rt_", "").split(".");
    const session = sessions.get(sid);
    if (!session) return problem(401, "refresh_token_invalid");
    if (session.ended) return problem(401, session.ended);
    const age = session.gen - Number(gen);
    if (age === 0) {
      session.seen = session.gen++;
      session.rotated_ms = now();
      counts.refreshed++;
      return tokens(sid);
    }
    if (age === 1 && (now() - session.rotated_ms <= 10_000 || session.seen < session.gen)) {
      counts.replayed++;
      return tokens(sid);
    }
    session.ended = "session_revoked";
    counts.reused++;
    return problem(401, "refresh_token_reused");
  }

  /** @param {Asked} request @returns {Response} */
  function answer({ path, body, headers }) {
    const isSafe = headers.get("X-Requested-With") === "fetch";
    const token = body?.refresh_token ?? jar;
    if (path.endsWith("/login")) {
      if (body.password !== "right") return problem(401, "invalid_credentials");
      isCookieWanted = !!body.cookie;
      if (body.email.startsWith("mfa")) return json({ mfa_required: true, mfa_token: "m1", methods: ["totp", "recovery_code"], expires_in: 300 });
      return open(body.email.split("@")[0], isCookieWanted);
    }
    if (path.endsWith("/verify-2fa")) return body.code === "123456" ? open("mfa", isCookieWanted) : problem(401, "mfa_code_invalid");
    if (path.endsWith("/refresh")) return !body.refresh_token && !isSafe ? problem(403, "csrf_failed") : refresh(token);
    if (path.endsWith("/logout")) {
      const session = sessions.get(token.replace("rt_", "").split(".")[0]);
      if (!session) return problem(401, "refresh_token_invalid");
      if (body.scope !== "others") session.ended = "session_revoked";
      jar = "";
      return new Response(null, { status: 204 });
    }
    const [sid = "", gen] = (headers.get("Authorization") ?? "").replace("Bearer at_", "").split(".");
    const session = sessions.get(sid);
    if (!session || session.ended) return problem(401, "token_revoked");
    session.seen = Math.max(session.seen, Number(gen));
    if (path.endsWith("/step-up")) {
      session.ended = "session_revoked";
      return open(session.name, !!body.cookie);
    }
    return json({ path, body });
  }

  return {
    asked,
    faults,
    counts,
    sessions,
    cookie: () => jar,
    refreshes: () => asked.filter(({ path }) => path.endsWith("/refresh")).length,
    /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
    async fetch(input, init = {}) {
      const request = input instanceof Request ? input : null;
      const text = request ? await request.text() : init.body;
      const one = {
        path: new URL(request?.url ?? String(input), "https://app.example").pathname,
        method: request?.method ?? String(init.method),
        headers: new Headers(request?.headers ?? init.headers),
        body: typeof text === "string" && text.startsWith("{") ? JSON.parse(text) : text,
        credentials: init.credentials,
      };
      asked.push(one);
      const fault = await faults[0]?.(one);
      if (fault instanceof Error) throw fault;
      if (fault instanceof Response) return fault;
      const response = answer(one);
      if (fault === "drop") throw new TypeError("Failed to fetch");
      return response;
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
