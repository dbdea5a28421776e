import assert from "node:assert/strict";
import test from "node:test";

import { json } from "../../../fakes/service.js";
import { fakeTabs } from "../../../fakes/tabs.js";

const HOUR_MS = 3_600_000;
const LOST = () => new TypeError("Failed to fetch");

test("cookie mode asks for it at login, proves itself, and keeps no token", async () => {
  const { signIn, service, shared, first } = fakeTabs({ cookie: true });
  await signIn();
  await first.refresh();

  const [, refresh] = service.asked.slice(-2);
  const login = service.asked.find(({ path }) => path.endsWith("/login"));
  assert.equal(login?.body.cookie, true);
  assert.deepEqual([refresh?.body, refresh?.headers.get("X-Requested-With"), refresh?.credentials], [{}, "fetch", "include"]);
  assert.match(service.cookie(), /^rt_/);
  assert.doesNotMatch(JSON.stringify(await shared.read()), /rt_|at_/);
});

test("each tab gets an access token of its own, one after the other", async () => {
  const { signIn, clients, service, statuses, world } = fakeTabs({ cookie: true, count: 3 });
  await signIn();
  await world.advance(HOUR_MS);
  const tokens = await Promise.all(clients.map((client) => client.getAccessToken()));

  assert.equal(new Set(tokens).size, 3);
  assert.deepEqual(new Set(statuses()), new Set(["authenticated"]));
  assert.deepEqual([service.counts.replayed, service.counts.reused], [0, 0]);
});

test("a new tab finds the session by its cookie", async () => {
  const { signIn, another, service } = fakeTabs({ cookie: true });
  await signIn();
  const before = service.refreshes();
  const tab = another();
  await tab.ready;

  assert.deepEqual([tab.getState().status, tab.getState().user?.name, service.refreshes() - before], ["authenticated", "ada", 1]);
});

test("an answer that was lost leaves the former cookie, which is taken again", async () => {
  const { signIn, service, first, world } = fakeTabs({ cookie: true });
  await signIn();
  let lost = 0;
  const before = service.cookie();
  service.faults[0] = ({ path }) => (path.endsWith("/refresh") && lost++ === 0 ? LOST() : undefined);
  const renewed = first.refresh();
  await world.advance(2000);
  await renewed;

  assert.notEqual(service.cookie(), before);
  assert.equal(service.counts.reused, 0);
});

test("a first visit asks once whether there is a cookie, and stays anonymous without", async () => {
  const { first, service } = fakeTabs({ cookie: true });
  await first.ready;

  assert.deepEqual([first.getState().status, first.getState().code, service.refreshes()], ["anonymous", null, 1]);
});

test("a sign-out that could not be told is told by the next page, which does not sign in again", async () => {
  const { signIn, service, first, another, world, shared } = fakeTabs({ cookie: true });
  await signIn();
  service.faults[0] = LOST;
  const leaving = assert.rejects(first.logout(), { kind: "network" });
  await world.advance(2000);
  await leaving;
  assert.match(service.cookie(), /^rt_/);

  service.faults.length = 0;
  const tab = another();
  await tab.ready;
  assert.deepEqual([tab.getState().status, service.cookie(), (await shared.read()).leaving], ["anonymous", "", false]);
});

test("a second factor ends in a cookie too", async () => {
  const { first, service } = fakeTabs({ cookie: true });
  await first.login({ email: "mfa@inphora.example", password: "right" }).catch(() => {});
  await first.verify2fa({ code: "123456" });

  assert.equal(first.getState().status, "authenticated");
  assert.match(service.cookie(), /^rt_/);
});

test("signing in waits for a sign-out under way, whose answer drops the cookie", async () => {
  const { signIn, service, first, world } = fakeTabs({ cookie: true });
  await signIn();
  service.faults[0] = async ({ path }) => {
    if (path.endsWith("/logout")) await new Promise((resolve) => setTimeout(resolve, 20)); // long after login could be answered
    return /** @type {any} */ (undefined);
  };
  const leaving = first.logout();
  await world.advance(0);
  assert.equal(first.getState().status, "anonymous");
  await first.login({ email: "bob@inphora.example", password: "right" });
  await leaving;

  assert.deepEqual([first.getState().user?.name, service.sessions.get("s2")?.ended], ["bob", null]);
  assert.match(service.cookie(), /^rt_s2/);
});

test("a sign-out is not sent twice: the second would be by whatever cookie is there by then", async () => {
  const { signIn, service, first, world } = fakeTabs({ cookie: true });
  await signIn();
  service.faults[0] = LOST;
  const leaving = assert.rejects(first.logout(), { kind: "network" });
  await world.advance(2000);
  await leaving;

  assert.equal(service.asked.filter(({ path }) => path.endsWith("/logout")).length, 1);
});

test("a tab that answers late, after another took over, still gets the token that it was given", async () => {
  const { signIn, service, shared, first } = fakeTabs({ cookie: true });
  await signIn();
  service.faults[0] = async () => {
    await shared.update((entry) => ({ ...entry, fence: entry.fence + 1 }));
    return /** @type {any} */ (undefined);
  };
  await first.refresh();

  service.faults.length = 0;
  const before = service.refreshes();
  assert.match(await first.getAccessToken(), /^at_s1/);
  assert.equal(service.refreshes(), before);
});

test("half an answer on the first visit is no reason to stand still", async () => {
  const { service, first } = fakeTabs({ cookie: true });
  service.faults[0] = ({ path }) => (path.endsWith("/refresh") ? json({ access_token: "x", expires_in: 900 }) : undefined);
  await first.ready;
  assert.equal(first.getState().status, "anonymous");

  assert.equal((await first.login({ email: "ada@inphora.example", password: "right" })).status, "authenticated");
});
