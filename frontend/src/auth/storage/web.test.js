import assert from "node:assert/strict";
import test from "node:test";

import { fakeWorld } from "../../../fakes/world.js";
import { createMemoryStorage } from "./memory.js";
import { createTabStorage, createWebStorage } from "./web.js";

/** @typedef {import("../types.js").Entry} Entry */

/** A Storage area as a browser process sees it. */
function fakeArea() {
  /** @type {Map<string, string>} */
  const items = new Map();
  return {
    items,
    getItem: (/** @type {string} */ key) => items.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void items.set(key, value),
    removeItem: (/** @type {string} */ key) => void items.delete(key),
  };
}

/** @param {Entry} entry @param {string} session @returns {Entry} */
const signedIn = (entry, session) => ({ ...entry, version: entry.version + 1, session });

test("the session is in localStorage, the ledger holds none of it", async () => {
  const world = fakeWorld();
  const localStorage = fakeArea();
  const ledger = createMemoryStorage();
  const storage = createWebStorage(world.tab(fetch, { localStorage }), "n", ledger);
  await storage.update((entry) => signedIn(entry, "tokens"));

  assert.equal((await storage.read()).session, "tokens");
  assert.equal((await ledger.read()).session, true);
  await storage.update((entry) => ({ ...entry, version: 2, session: null }));
  assert.equal(localStorage.items.size, 0);
});

test("a tab whose localStorage lags behind waits until it sees what the ledger says", async () => {
  const world = fakeWorld();
  const [here, there] = [fakeArea(), fakeArea()];
  const ledger = createMemoryStorage();
  const first = createWebStorage(world.tab(fetch, { localStorage: here }), "n", ledger);
  const second = createWebStorage(world.tab(fetch, { localStorage: there }), "n", ledger);
  await first.update((entry) => signedIn(entry, "old"));
  there.setItem("n", here.getItem("n") ?? "");
  await first.update((entry) => signedIn(entry, "new"));

  const read = second.read();
  await world.advance(100);
  there.setItem("n", here.getItem("n") ?? "");
  await world.advance(100);
  assert.equal((await read).session, "new");
});

test("a localStorage that was cleared signs out, after a second of waiting", async () => {
  const world = fakeWorld();
  const localStorage = fakeArea();
  const storage = createWebStorage(world.tab(fetch, { localStorage }), "n", createMemoryStorage());
  await storage.update((entry) => signedIn(entry, "tokens"));
  localStorage.items.clear();
  const read = storage.read();
  await world.advance(1500);

  assert.equal((await read).session, null);
});

test("sessionStorage holds the session only while nobody looks, so that a copied tab copies none", async () => {
  const world = fakeWorld();
  const sessionStorage = fakeArea();
  const host = world.tab(fetch, { sessionStorage });
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  host.document = document;
  const storage = createTabStorage(host, "n");
  await storage.update((entry) => signedIn(entry, "tokens"));
  assert.equal(sessionStorage.items.size, 0);

  host.dispatchEvent(new Event("pagehide"));
  await world.advance(0);
  const afterReload = createTabStorage(host, "n");
  assert.equal((await afterReload.read()).session, "tokens");
  assert.equal(sessionStorage.items.size, 0);
});
