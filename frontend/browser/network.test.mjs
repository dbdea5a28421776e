import assert from "node:assert/strict";
import { describe } from "node:test";

import { eventsOf } from "./support/events.mjs";
import { labTest, statuses, usedBy } from "./support/lab.mjs";
import { mostRefreshes } from "./support/short.mjs";
import { settles, until } from "./support/until.mjs";

/** @typedef {import("./support/proxy.mjs").Verdict} Verdict @typedef {import("./support/lab.mjs").Lab} Lab */

/** Tokens end, a network stays away and a backoff runs out in this time, on a machine short of CPU too. */
const WITHIN_MS = 120_000;
const SHORT = { short: true };
const PROBLEM = { "Content-Type": "application/problem+json" };

/** @param {Lab} lab @param {number} [count] */
async function signedIn({ open, login }, count = 3, options = {}) {
  const first = await open(options);
  const pages = [first];
  while (pages.length < count) pages.push(await open(options));
  const { sessionId } = await login(first);
  await allAre(pages, "authenticated");
  return { pages, sessionId };
}

/** @param {import("playwright-core").Page[]} pages @param {string} status */
function allAre(pages, status) {
  return settles(async () => new Set(await statuses(pages)), new Set([status]));
}

/** @param {Lab} lab @param {(passed: import("./support/proxy.mjs").Passed) => Verdict} answer */
function spoilRefreshes({ proxy }, answer) {
  proxy.judge = (passed) => (passed.path === "/api/auth/refresh" ? answer(passed) : undefined);
}

/** @type {[string, (lab: Lab) => (() => unknown)][]} each answers how to end it */
const OUTAGES = [
  ["503", spoiling({ status: 503, headers: PROBLEM, body: '{"code":"service_unavailable"}' })],
  ["429 with Retry-After", spoiling({ status: 429, headers: { ...PROBLEM, "Retry-After": "5" }, body: '{"code":"rate_limited"}' })],
  ["a firewall's 403", spoiling({ status: 403, headers: { "Content-Type": "text/html" }, body: "<h1>Forbidden</h1>" })],
  ["a captive portal's 200", spoiling({ status: 200, headers: { "Content-Type": "text/html" }, body: "<h1>Welcome</h1>" })],
  [
    "offline",
    ({ context }) => {
      context.setOffline(true);
      return () => context.setOffline(false);
    },
  ],
];

/** @param {Verdict} verdict @returns {(lab: Lab) => (() => void)} */
function spoiling(verdict) {
  return (lab) => {
    spoilRefreshes(lab, () => verdict);
    return () => spoilRefreshes(lab, () => undefined);
  };
}

describe("bad networks", { concurrency: true }, () => {
  for (const [title, begin] of OUTAGES) {
    labTest(`${title} beyond the end of the token: the session is kept, and comes back by itself`, SHORT, async (lab) => {
      const { pages, sessionId } = await signedIn(lab);
      const before = lab.proxy.refreshes().length;
      const began_ms = Date.now();
      const end = begin(lab);
      await until(async () => new Set(await statuses(pages)), (all) => all.size === 1 && all.has("degraded"), WITHIN_MS);
      const failure = () => pages[0]?.evaluate(() => [window.auth.getState().user?.email, typeof window.auth.getState().error?.kind]);
      await settles(failure, ["admin@inphora.example", "string"]);
      const asked = lab.proxy.refreshes().length - before;
      const most = Math.max(12, (Date.now() - began_ms) / 1000); // with a backoff between half a second and a minute
      assert.ok(asked <= most, `${asked} requests, where ${most} were enough`);
      await end();

      await until(async () => new Set(await statuses(pages)), (all) => all.size === 1 && all.has("authenticated"), WITHIN_MS);
      assert.deepEqual(new Set(await usedBy(pages)), new Set([200]));
      const events = await until(() => eventsOf(sessionId), (found) => (found["token.refreshed"] ?? 0) > before);
      assert.equal(events["token.reuse_detected"], undefined);
    });
  }

  labTest("five answers to a refresh are lost: the same token is asked for again, and nobody is signed out", SHORT, async (lab) => {
    const { pages, sessionId } = await signedIn(lab);
    let lost = 0;
    spoilRefreshes(lab, () => (lost++ < 5 ? "drop" : undefined));
    const fine = () => lab.proxy.refreshes().some(({ status }) => status === 200);
    await until(fine, Boolean, WITHIN_MS);

    await allAre(pages, "authenticated");
    assert.deepEqual(new Set(await usedBy(pages)), new Set([200]));
    const events = await until(() => eventsOf(sessionId), (found) => found["token.replayed"] === 5 && found["token.refreshed"] === lab.proxy.refreshes().length - 5);
    assert.equal(events["token.reuse_detected"], undefined);
    console.log(`5 answers lost: ${lab.proxy.refreshes().length} requests, ${JSON.stringify(events)}`);
  });

  labTest("a tab killed in mid-refresh holds up nobody", {}, async (lab) => {
    const { pages } = await signedIn(lab);
    const [killed, ...others] = pages;
    let held = 0;
    spoilRefreshes(lab, () => (held++ === 0 ? { status: 503, wait_ms: 60_000 } : undefined));
    killed?.evaluate(() => window.auth.refresh()).catch(() => {});
    await until(() => held, (count) => count === 1);
    await killed?.close();

    const began_ms = Date.now();
    await Promise.all(others.map((page) => page.evaluate(() => window.auth.refresh())));
    console.log(`after a killed tab, others had a new token in ${Date.now() - began_ms} ms`);
    assert.deepEqual(new Set(await usedBy(others)), new Set([200]));
  });

  labTest("a session that ended elsewhere ends in all tabs, with its reason", {}, async (lab) => {
    const { pages } = await signedIn(lab, 3);
    const elsewhere = await lab.open({ namespace: "elsewhere" });
    await lab.login(elsewhere);
    const mine = await pages[0]?.evaluate(() => window.auth.getState().sessionId);
    await elsewhere.evaluate((id) => window.auth.fetch(`/api/auth/sessions/${id}`, { method: "DELETE" }), mine);
    const outcome = await pages[0]?.evaluate(() => window.go(() => window.auth.fetch("/api/auth/me")));

    assert.deepEqual(outcome?.error, { kind: "session_ended", code: "session_revoked", name: "AuthError" });
    await allAre(pages, "expired");
    assert.equal(await pages[2]?.evaluate(() => window.auth.getState().code), "session_revoked");
  });

  for (const [title, hours] of /** @type {[string, number][]} */ ([["ahead", 2], ["behind", -2]])) {
    labTest(`a clock two hours ${title}, and one that jumps there in between`, SHORT, async (lab) => {
      await lab.context.addInitScript((offset_ms) => {
        const { now } = Date;
        Date.now = () => now() + (window.offset_ms ?? offset_ms);
      }, hours * 3_600_000);
      const began_ms = Date.now();
      const { pages } = await signedIn(lab, 2);
      const renewed = async (/** @type {number} */ times) => {
        await until(() => lab.proxy.refreshes().filter(({ status }) => status), ({ length }) => length >= times, WITHIN_MS);
        await settles(async () => new Set(await usedBy(pages)), new Set([200]));
      };
      await renewed(1);
      const before = lab.proxy.refreshes().length;
      assert.ok(before <= mostRefreshes(began_ms), `${before} refreshes`);

      await Promise.all(pages.map((page) => page.evaluate(() => void (window.offset_ms = 0))));
      await renewed(before + 2);
      const after = lab.proxy.refreshes();
      assert.ok(after.length <= mostRefreshes(began_ms) + 1, `${after.length} refreshes, one of them for the jump`);
      assert.deepEqual(new Set(after.flatMap(({ status }) => status ?? [])), new Set([200]));
    });
  }

  labTest("over plain http, without locks and encryption, two tabs still share one refresh", {}, async (lab) => {
    const address = `http://insecure.test:${lab.proxy.port}`;
    const pages = [await lab.open({}, address), await lab.open({}, address)];
    const [first] = pages;
    assert.deepEqual(await first?.evaluate(() => [isSecureContext, typeof navigator.locks, typeof crypto.subtle]), [false, "undefined", "undefined"]);
    await lab.login(/** @type {any} */ (first));
    await allAre(pages, "authenticated");
    await Promise.all(pages.map((page) => page.evaluate(() => window.auth.refresh())));
    assert.equal(lab.proxy.refreshes().length, 1);

    const strict = await lab.open({ namespace: "strict", encrypt: "required" }, address);
    assert.equal(await strict.evaluate(() => window.auth.getState().error?.code), "encryption_unavailable");
  });
});
