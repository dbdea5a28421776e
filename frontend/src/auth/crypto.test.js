import assert from "node:assert/strict";
import test from "node:test";

import { encrypted } from "./crypto.js";
import { createMemoryStorage } from "./storage/memory.js";

/** @type {any} */
const SESSION = { access: "at", refresh: "rt_ü", sid: "s", user: { id: "u" }, expires_ms: 1, lifetime_ms: 1 };

/** A database that holds one value a key. */
function fakeDatabase() {
  /** @type {Map<string, any>} */
  const kept = new Map();
  return {
    kept,
    close() {},
    /** @param {string} key @param {(value: any) => any} change */
    async change(key, change) {
      const next = change(kept.get(key));
      if (next !== undefined) kept.set(key, next);
      return kept.get(key);
    },
  };
}

test("what is sealed shows nothing, and opens again under the same key", async () => {
  const database = fakeDatabase();
  const storage = await encrypted(globalThis, createMemoryStorage(), database);
  const sealed = await storage.seal(SESSION);
  const later = await encrypted(globalThis, createMemoryStorage(), database);

  assert.doesNotMatch(sealed, /rt_/);
  assert.notEqual(sealed, await storage.seal(SESSION));
  assert.deepEqual(await later.open(sealed), SESSION);
});

test("the key cannot be read out, and of two tabs' keys the first wins", async () => {
  const database = fakeDatabase();
  const [one, other] = await Promise.all([encrypted(globalThis, createMemoryStorage(), database), encrypted(globalThis, createMemoryStorage(), database)]);

  assert.equal(database.kept.get("key").extractable, false);
  assert.deepEqual(await other.open(await one.seal(SESSION)), SESSION);
});

test("what was changed, sealed under a lost key or not at all, is no session", async () => {
  const storage = await encrypted(globalThis, createMemoryStorage(), fakeDatabase());
  const other = await encrypted(globalThis, createMemoryStorage(), fakeDatabase());
  for (const sealed of [await other.seal(SESSION), "AAAA", "%", SESSION]) {
    assert.equal(await storage.open(sealed), null);
  }
});
