import assert from "node:assert/strict";
import { describe } from "node:test";

import { eventsOf } from "./support/events.mjs";
import { labTest, statuses, usedBy } from "./support/lab.mjs";
import { mostRefreshes } from "./support/short.mjs";
import { settles, until } from "./support/until.mjs";

const EXPIRIES = 5;
const WITHIN_MS = 300_000;

/** @type {[string, number, object, (() => void)?][]} */
const CROWDS = [
  ["10 tabs", 10, {}],
  ["30 tabs", 30, {}],
  ["10 tabs whose Web Locks hang", 10, {}, () => void (navigator.locks.request = () => new Promise(() => {}))],
  ["10 tabs without Web Locks", 10, {}, () => void Object.defineProperty(Navigator.prototype, "locks", { value: undefined })],
  ["5 tabs on localStorage", 5, { storage: "web" }],
];

describe("one refresh for all tabs", { concurrency: true }, () => {
  for (const [title, count, options, init] of CROWDS) {
    labTest(`${title}: ${EXPIRIES} expiries, one refresh each, and one sign-out for all`, { short: true, init }, async ({ open, login, proxy }) => {
      const first = await open(options);
      const began_ms = Date.now();
      const { sessionId } = await login(first);
      const pages = [first];
      while (pages.length < count) pages.push(await open(options));
      const refreshes = await until(() => proxy.refreshes().filter(({ status }) => status), ({ length }) => length >= EXPIRIES, WITHIN_MS);

      const most = mostRefreshes(began_ms);
      console.log(`${title}: ${refreshes.length} refreshes, at most ${most} wanted, statuses ${[...new Set(refreshes.map((r) => r.status))]}`);
      assert.ok(refreshes.length <= most, `${refreshes.length} refreshes where ${most} were enough`);
      await settles(async () => new Set(await statuses(pages)), new Set(["authenticated"]));
      assert.deepEqual(new Set(await usedBy(pages)), new Set([200]));
      await showsEverywhere(pages);
      const events = await until(() => eventsOf(sessionId), (found) => found["session.ended"]);
      const all = proxy.refreshes().length; // and each was of a token of its own
      assert.deepEqual([events["token.refreshed"], events["token.reuse_detected"], events["token.replayed"]], [all, undefined, undefined]);
    });
  }
});

/** @param {import("playwright-core").Page[]} pages */
async function showsEverywhere(pages) {
  const [first, ...others] = pages;
  const left_ms = await first?.evaluate(() => {
    const now_ms = Date.now();
    return window.auth.logout().then(() => now_ms);
  });
  await settles(async () => new Set(await statuses(pages)), new Set(["anonymous"]));
  const seen_ms = await Promise.all(others.map((page) => page.evaluate(() => window.log.findLast(([, status]) => status === "anonymous")?.[0] ?? Infinity)));
  const slowest_ms = Math.max(...seen_ms) - Number(left_ms);
  console.log(`sign-out was in all ${pages.length} tabs after ${slowest_ms} ms`);
}
