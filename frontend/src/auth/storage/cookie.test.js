import assert from "node:assert/strict";
import test from "node:test";

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
