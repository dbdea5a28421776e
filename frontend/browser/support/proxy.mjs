import { Agent, createServer, request } from "node:http";

/**
 * @typedef {{ method: string, path: string, at_ms: number, status: number | null, tab: string | undefined,
 *   origin: string | undefined, hasCookie: boolean, token: string | undefined }} Passed `status` is null where the answer was dropped,
 *   `token` the access token of the request
 * @typedef {"drop" | { status: number, headers?: Record<string, string>, body?: string, wait_ms?: number } | undefined} Verdict
 * @typedef {Awaited<ReturnType<typeof startProxy>>} Proxy
 */

/** A page that loads the built client and nothing else. Options for it come after the `#`. */
const LAB = `<!doctype html><html lang="en"><title>Lab</title><script type="module">
  import { AuthError, createAuthClient } from "/auth.min.js";
  const log = (window.log = []);
  window.createAuthClient = createAuthClient;
  const auth = (window.auth = createAuthClient(JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}")));
  auth.subscribe(() => log.push([Date.now(), auth.getState().status, auth.getState().code]));
  window.go = (work) => work().then((value) => ({ value }), (e) => ({ error: { kind: e.kind, code: e.code, name: e.name } }));
</script>`;

/**
 * Stands between the browser and the service: serves the lab page, counts, and spoils what `judge` says.
 * @param {string} target @param {number} [port] of its own, else any
 */
export async function startProxy(target, port = 0) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  /** @type {Passed[]} */
  const passed = [];
  const proxy = { baseUrl: "", port: 0, passed, refreshes, stop, judge: /** @type {(passed: Passed) => Verdict} */ (() => undefined) };

  const server = createServer((incoming, outgoing) => {
    if (incoming.url === "/lab") return void outgoing.setHeader("Content-Type", "text/html").end(LAB);
    const tab = /** @type {string | undefined} */ (incoming.headers["x-tab-state"]);
    const entry = { method: incoming.method ?? "", path: incoming.url ?? "", at_ms: Date.now(), status: /** @type {number | null} */ (null), tab, origin: incoming.headers.origin, hasCookie: !!incoming.headers.cookie, token: incoming.headers.authorization?.replace("Bearer ", "") };
    passed.push(entry);
    const verdict = proxy.judge(entry);
    if (typeof verdict === "object") return spoil(entry, verdict, incoming, outgoing);
    if (incoming.url === "/echo") return void incoming.pipe(outgoing.setHeader("X-Seen", incoming.headers.authorization ?? "none"));
    const onward = request(target + incoming.url, { method: incoming.method, headers: incoming.headers, agent }, (answer) => {
      if (verdict === "drop") {
        answer.resume().once("end", () => outgoing.destroy());
        return;
      }
      entry.status = answer.statusCode ?? null;
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });

  /** @param {Passed} entry @param {Exclude<Verdict, "drop" | undefined>} verdict @param {import("node:http").IncomingMessage} incoming @param {import("node:http").ServerResponse} outgoing */
  function spoil(entry, { status, headers = {}, body = "", wait_ms = 0 }, incoming, outgoing) {
    entry.status = status;
    incoming.resume();
    setTimeout(() => outgoing.writeHead(status, headers).end(body), wait_ms).unref();
  }

  function refreshes() {
    return passed.filter(({ path }) => path === "/api/auth/refresh");
  }

  async function stop() {
    server.closeAllConnections();
    agent.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  proxy.port = typeof address === "object" && address ? address.port : 0;
  proxy.baseUrl = `http://127.0.0.1:${proxy.port}`;
  return proxy;
}
