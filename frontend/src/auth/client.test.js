import assert from "node:assert/strict";
import test from "node:test";

import { json, problem } from "../../fakes/service.js";
import { fakeTabs } from "../../fakes/tabs.js";
import { AuthError } from "./errors.js";

const HOUR_MS = 3_600_000;
const LOST = () => new TypeError("Failed to fetch");

test("signing in shows in every tab, and signing out too", async () => {
  const { clients, signIn, statuses, world, service } = fakeTabs({ count: 3 });
  await signIn();
  assert.deepEqual(statuses(), ["authenticated", "authenticated", "authenticated"]);
  assert.equal(clients[2]?.getState().user?.email, "ada@inphora.example");

  const leaving = clients[1]?.logout();
  await world.advance(0);
  assert.deepEqual(statuses(), ["anonymous", "anonymous", "anonymous"]);
  assert.deepEqual(await leaving, { applied: true });
  assert.equal(service.sessions.get("s1")?.ended, "session_revoked");
});

for (const lifetime_s of [20, 300, 900]) {
  test(`tokens of ${lifetime_s} s: ten tabs through ten of them cost one refresh each`, async () => {
    const { signIn, statuses, world, service } = fakeTabs({ count: 10, lifetime_s });
    await signIn();
    await world.advance(10 * lifetime_s * 1000);

    assert.ok(service.counts.refreshed >= 10 && service.counts.refreshed <= 14, `${service.counts.refreshed}`);
    assert.deepEqual([service.counts.replayed, service.counts.reused], [0, 0]);
    assert.deepEqual(new Set(statuses()), new Set(["authenticated"]));
  });
}

test("hidden tabs leave renewing to visible ones, unless asked to", async () => {
  const { signIn, world, service, hosts, first } = fakeTabs({ count: 2 });
  await signIn();
  for (const host of hosts) host.document.visibilityState = "hidden";
  await world.advance(HOUR_MS);
  assert.equal(service.refreshes(), 0);
  assert.equal(first.getState().status, "authenticated");

  await first.getAccessToken();
  assert.equal(service.asked.at(-1)?.headers.get("X-Tab-State"), "background");
});

test("a page that comes back after a night renews at once", async () => {
  const { signIn, world, service, hosts } = fakeTabs();
  await signIn();
  world.setClock(8 * HOUR_MS);
  hosts[0].dispatchEvent(new Event("visibilitychange"));
  await world.advance(0);

  assert.equal(service.counts.refreshed, 1);
});

for (const hours of [2, -2]) {
  test(`a clock set by ${hours} h costs at most one refresh, and the token is renewed in time`, async () => {
    const { signIn, world, service, first } = fakeTabs();
    await signIn();
    world.setClock(hours * HOUR_MS);
    await world.advance(890_000);

    assert.ok(service.counts.refreshed >= 1 && service.counts.refreshed <= 2, `${service.counts.refreshed}`);
    assert.ok((await first.fetch("/api/auth/me")).ok);
  });
}

/** @type {[string, () => Response | Error, string][]} */
const OUTAGES = [
  ["no network", LOST, "network"],
  ["503", () => problem(503, "service_unavailable", { "Retry-After": "5" }), "server"],
  ["429", () => problem(429, "rate_limited", { "Retry-After": "30" }), "rate_limited"],
  ["408", () => problem(408, "request_timeout"), "server"],
  ["425", () => problem(425, "too_early"), "server"],
  ["a firewall's 403", () => new Response("<h1>No</h1>", { status: 403 }), "forbidden"],
  ["a captive portal", () => new Response("<h1>Welcome</h1>"), "protocol"],
  ["half a pair", () => json({ access_token: "x", expires_in: 900 }), "protocol"],
  ["a 401 of somebody else", () => new Response("", { status: 401 }), "credentials"],
];
for (const [title, fault, kind] of OUTAGES) {
  test(`${title} for an hour: nobody is signed out, few ask, and it comes back`, async () => {
    const { signIn, world, service, statuses, first } = fakeTabs({ count: 5 });
    await signIn();
    service.faults[0] = ({ path }) => (path.endsWith("/refresh") ? fault() : undefined);
    await world.advance(HOUR_MS);
    assert.deepEqual(new Set(statuses()), new Set(["degraded"]));
    assert.deepEqual([first.getState().error?.kind, first.getState().user?.name], [kind, "ada"]);
    assert.ok(service.refreshes() <= 260, `${service.refreshes()}`);

    service.faults.length = 0;
    await world.advance(60_000);
    assert.deepEqual(new Set(statuses()), new Set(["authenticated"]));
    assert.equal(service.counts.reused, 0);
  });
}

test("Retry-After is obeyed by every tab, also for what is asked meanwhile", async () => {
  const { signIn, world, service, clients } = fakeTabs({ count: 3 });
  await signIn();
  service.faults[0] = ({ path }) => (path.endsWith("/refresh") ? problem(429, "rate_limited", { "Retry-After": "60" }) : undefined);
  await world.advance(901_000);
  const before = service.refreshes();
  for (const client of clients) await assert.rejects(client.getAccessToken(), { kind: "rate_limited", retryable: true });

  assert.equal(service.refreshes(), before);
});

test("the network coming back ends the waiting", async () => {
  const { signIn, world, service, hosts, first } = fakeTabs();
  await signIn();
  service.faults[0] = ({ path }) => (path.endsWith("/refresh") ? LOST() : undefined);
  await world.advance(1_200_000);
  service.faults.length = 0;
  hosts[0].dispatchEvent(new Event("online"));
  await world.advance(0);

  assert.equal(first.getState().status, "authenticated");
});

test("answers that were lost are asked for again with the same token", async () => {
  const { signIn, world, service, statuses } = fakeTabs({ count: 3 });
  await signIn();
  let lost = 0;
  service.faults[0] = ({ path }) => (path.endsWith("/refresh") && lost++ < 5 ? "drop" : undefined);
  await world.advance(900_000);

  assert.deepEqual([service.counts.refreshed, service.counts.replayed, service.counts.reused], [1, 5, 0]);
  assert.deepEqual(new Set(statuses()), new Set(["authenticated"]));
});

for (const code of ["refresh_token_invalid", "refresh_token_reused", "session_expired", "session_revoked"]) {
  test(`${code} ends the session in every tab, with its reason`, async () => {
    const { signIn, world, service, clients, statuses } = fakeTabs({ count: 2 });
    await signIn();
    service.faults[0] = () => problem(401, code);
    await assert.rejects(/** @type {any} */ (clients[0]).refresh(), { kind: "session_ended", code, retryable: false });
    await world.advance(0);

    assert.deepEqual(statuses(), ["expired", "expired"]);
    assert.equal(clients[1]?.getState().code, code);
    await assert.rejects(/** @type {any} */ (clients[1]).getAccessToken(), { kind: "session_ended", code });
  });
}

test("a terminal answer to a token that another tab has replaced meanwhile ends nothing", async () => {
  const { signIn, shared, service, first } = fakeTabs();
  await signIn();
  service.faults[0] = async () => {
    await shared.update((entry) => ({ ...entry, version: entry.version + 1 })); // as after a stolen lease
    return problem(401, "refresh_token_reused");
  };
  await first.refresh();

  assert.equal(first.getState().status, "authenticated");
});

test("signing out during a refresh wins over its answer", async () => {
  const { signIn, service, first, world } = fakeTabs();
  await signIn();
  service.faults[0] = async ({ path }) => {
    if (path.endsWith("/refresh")) await first.logout();
    return /** @type {any} */ (undefined);
  };
  await first.refresh().catch(() => {});
  await world.advance(0);

  assert.equal(first.getState().status, "anonymous");
});

test("a tab that died in mid-refresh holds the others up no longer than its lease", async () => {
  const { signIn, shared, world, service, first } = fakeTabs();
  await signIn();
  const until_ms = world.now() + 12_000;
  await shared.update((entry) => ({ ...entry, fence: entry.fence + 1, lease: { owner: "dead", until_ms, queued: false } }));
  const token = first.refresh();
  await world.advance(11_000);
  assert.equal(service.refreshes(), 0);
  await world.advance(2000);

  assert.equal((await token).status, "authenticated");
  assert.equal(service.counts.refreshed, 1);
});

test("a stored session is there at once; one whose token lapsed is renewed before it shows", async () => {
  const { signIn, another, world, service } = fakeTabs();
  await signIn();
  const second = another();
  await second.ready;
  assert.deepEqual([second.getState().status, service.refreshes()], ["authenticated", 0]);

  world.setClock(HOUR_MS);
  const third = another();
  await third.ready;
  assert.deepEqual([third.getState().status, service.refreshes()], ["authenticated", 1]);
});

test("a stored session whose token lapsed waits degraded while there is no network", async () => {
  const { signIn, another, world, service } = fakeTabs();
  await signIn();
  world.setClock(HOUR_MS);
  service.faults[0] = LOST;
  const second = another();
  const { ready } = second;
  await world.advance(2000);
  await ready;

  assert.deepEqual([second.getState().status, second.getState().user?.name], ["degraded", "ada"]);
});

test("a second factor is wanted: login says so, verify2fa goes on, a wrong code may be tried again", async () => {
  const { first } = fakeTabs();
  await first.ready;
  await assert.rejects(first.login({ email: "mfa@inphora.example", password: "right" }), { kind: "mfa_required", methods: ["totp", "recovery_code"] });
  assert.deepEqual(first.getState().challenge?.methods, ["totp", "recovery_code"]);
  await assert.rejects(first.verify2fa({ code: "000000" }), { kind: "credentials", code: "mfa_code_invalid" });
  const { status, challenge } = await first.verify2fa({ code: "123456" });

  assert.deepEqual([status, challenge], ["authenticated", null]);
});

test("a step-up's tokens are adopted: another session of the same person, in which every tab goes on", async () => {
  const { first, clients: [, second], signIn, statuses, service, world } = fakeTabs({ count: 2 });
  await signIn();
  const former = await second?.getAccessToken();
  service.faults[0] = async ({ path }) => {
    if (!path.endsWith("/me")) return undefined;
    service.faults.length = 0;
    await first.adopt(async (call, _, cookie) => call("step-up", { password: "right", cookie }, { headers: { Authorization: `Bearer ${await first.getAccessToken()}` } }));
    return undefined;
  };
  const underWay = await second?.fetch("/api/auth/me"); // its token was of the session that the step-up ended
  await world.advance(0);

  assert.deepEqual([underWay?.status, service.sessions.get("s1")?.ended], [200, "session_revoked"]);
  assert.deepEqual([statuses(), first.getState().sessionId, second?.getState().sessionId], [["authenticated", "authenticated"], "s2", "s2"]);
  assert.notEqual(await second?.getAccessToken(), former);
});

test("whoever adopts what is no pair of tokens learns that, and stays who they were", async () => {
  const { first, signIn } = fakeTabs();
  await signIn();
  await assert.rejects(first.adopt((call) => call("logout", {}).catch(() => ({ body: { options: {} }, sent_ms: 0 }))), { kind: "protocol" });

  assert.deepEqual([first.getState().status, first.getState().sessionId], ["authenticated", "s1"]);
});

test("leaving a sign-in before its second factor needs no service", async () => {
  const { first, service } = fakeTabs();
  await first.login({ email: "mfa@inphora.example", password: "right" }).catch(() => {});
  await first.logout();

  assert.deepEqual([first.getState().status, first.getState().challenge, service.asked.length], ["anonymous", null, 1]);
});

test("a sign-out that could not be told rejects, and holds here all the same", async () => {
  const { signIn, service, first, world } = fakeTabs();
  await signIn();
  service.faults[0] = LOST;
  const leaving = assert.rejects(first.logout(), { kind: "network" });
  await world.advance(2000);
  await leaving;

  assert.equal(first.getState().status, "anonymous");
});

test("events name the status entered, and new tokens; a listener that was stopped hears nothing", async () => {
  const { first, signIn, world } = fakeTabs();
  /** @type {string[]} */
  const heard = [];
  for (const event of /** @type {const} */ (["authenticated", "refreshed", "anonymous", "change"])) first.on(event, () => heard.push(event));
  const stop = first.subscribe(() => heard.push("stopped"));
  stop();
  await signIn();
  await world.advance(1000);
  await first.refresh();
  await first.logout();

  assert.deepEqual(heard, ["anonymous", "change", "authenticated", "change", "refreshed", "change", "anonymous", "change"]);
});

test("the state is the same object until something in it changes", async () => {
  const { first, signIn, hosts, world } = fakeTabs();
  await signIn();
  const before = first.getState();
  hosts[0].dispatchEvent(new Event("focus"));
  await world.advance(60_000);

  assert.equal(first.getState(), before);
});

test("giving up waiting leaves the refresh to the others", async () => {
  const { first, signIn, world, service } = fakeTabs();
  await signIn();
  world.setClock(HOUR_MS);
  const controller = new AbortController();
  const token = first.getAccessToken({ signal: controller.signal });
  controller.abort();
  await assert.rejects(token, { kind: "aborted" });

  assert.match(await first.getAccessToken(), /^at_/);
  assert.equal(service.refreshes(), 1);
});

test("minTtl asks for a token that lives long enough", async () => {
  const { first, signIn, world, service } = fakeTabs({ options: { leeway: 0 } });
  await signIn();
  await world.advance(600_000);
  await first.getAccessToken({ minTtl: 200 });
  assert.equal(service.refreshes(), 0);
  await first.getAccessToken({ minTtl: 400 });

  assert.equal(service.refreshes(), 1);
});

test("after dispose nothing runs", async () => {
  const { first, signIn, world, service } = fakeTabs();
  await signIn();
  first.dispose();
  await world.advance(HOUR_MS);

  assert.deepEqual([service.refreshes(), world.waiting()], [0, 0]);
});

test("a client that is disposed of while it begins never runs", async () => {
  const { first, signIn, another, world, service } = fakeTabs();
  await signIn();
  const tab = another();
  tab.subscribe(() => {});
  tab.dispose();
  first.dispose();
  await world.advance(HOUR_MS);

  assert.deepEqual([service.refreshes(), world.waiting()], [0, 0]);
});

test("a refresh under way outlives its client: the new token is kept, and nothing runs on", async () => {
  const { first, signIn, another, world, service } = fakeTabs();
  await signIn();
  service.faults[0] = ({ path }) => void (path.endsWith("/refresh") && first.dispose());
  await first.refresh();
  assert.equal(world.waiting(), 0);

  service.faults.length = 0;
  await another().refresh();
  assert.deepEqual(service.counts, { refreshed: 2, replayed: 0, reused: 0 });
});

test("a clock set back during an outage does not prolong it", async () => {
  const { signIn, world, service, first } = fakeTabs();
  await signIn();
  service.faults[0] = ({ path }) => (path.endsWith("/refresh") ? problem(503, "service_unavailable", { "Retry-After": "60" }) : undefined);
  await world.advance(901_000);
  world.setClock(-2 * HOUR_MS);
  service.faults.length = 0;
  await world.advance(60_000);

  assert.equal(first.getState().status, "authenticated");
  assert.match(await first.getAccessToken(), /^at_/);
});

test("a challenge is forgotten when somebody signs in in another tab", async () => {
  const { clients, first, world } = fakeTabs({ count: 2 });
  await first.login({ email: "mfa@inphora.example", password: "right" }).catch(() => {});
  await clients[1]?.login({ email: "ada@inphora.example", password: "right" });
  await world.advance(0);
  assert.equal(first.getState().status, "authenticated");
  await clients[1]?.logout();
  await world.advance(0);

  assert.deepEqual([first.getState().status, first.getState().challenge], ["anonymous", null]);
});

for (const [scope, isFine] of /** @type {["local" | "others" | "global", boolean][]} */ ([["local", true], ["others", false], ["global", false]])) {
  test(`a session that had ended before: logout ${scope} ${isFine ? "is done" : "says that the others were not reached"}`, async () => {
    const { first, signIn, service } = fakeTabs();
    await signIn();
    service.faults[0] = ({ path }) => (path.endsWith("/logout") ? problem(401, "refresh_token_invalid") : undefined);
    const leaving = first.logout({ scope });

    if (isFine) assert.deepEqual(await leaving, { applied: true });
    else await assert.rejects(leaving, { code: "refresh_token_invalid" });
  });
}

test("a storage that fails keeps no sign-out from the service", async () => {
  const { first, signIn, service, shared } = fakeTabs();
  await signIn();
  shared.read = shared.update = () => Promise.reject(new AuthError("storage", { code: "storage_unavailable" }));
  await assert.rejects(first.logout(), { kind: "storage" });

  assert.equal(service.sessions.get("s1")?.ended, "session_revoked");
});

test("what another storage option left behind is nobody's session, and no obstacle to a new one", async () => {
  const { first, signIn, shared } = fakeTabs();
  await shared.update((entry) => ({ ...entry, version: 1, session: "sealed" }));
  await first.ready;
  assert.equal(first.getState().status, "anonymous");
  await signIn();

  assert.equal(first.getState().status, "authenticated");
});
