import assert from "node:assert/strict";
import { describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { eventsOf } from "./support/events.mjs";
import { labTest, statuses, until, usedBy } from "./support/lab.mjs";

/** @typedef {import("./support/proxy.mjs").Verdict} Verdict @typedef {import("./support/lab.mjs").Lab} Lab */

const LIFETIME_MS = Number(process.env.ACCESS_TOKEN_TTL ?? 900) * 1000;
const OUTAGE_MS = 10_000;
/** After so short an outage. */
const LONGEST_BACKOFF_MS = 40_000;
const LONG = { timeout: 4 * LIFETIME_MS + LONGEST_BACKOFF_MS };
const PROBLEM = { "Content-Type": "application/problem+json" };

/** @param {Lab} lab @param {number} [count] */
async function signedIn({ open, login }, count = 3, options = {}) {
  const first = await open(options);
  const pages = [first];
  while (pages.length < count) pages.push(await open(options));
  const { sessionId } = await login(first);
  await until(() => statuses(pages), (all) => all.every((status) => status === "authenticated"));
  return { pages, sessionId };
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
    labTest(`${title} for ${OUTAGE_MS / 1000} s: the session is kept, and comes back by itself`, LONG, async (lab) => {
      const { pages, sessionId } = await signedIn(lab);
      const end = begin(lab);
      assert.equal(lab.proxy.refreshes().length, 0, "the outage must begin before a token is due");
      const failure = () => pages[0]?.evaluate(() => window.auth.getState().error?.kind);
      await until(failure, Boolean, LIFETIME_MS);
      await sleep(OUTAGE_MS); // counted from the first refresh that failed: on a busy machine nothing else is sure
      assert.deepEqual(new Set(await statuses(pages)), new Set(["degraded"]));
      assert.deepEqual(await pages[0]?.evaluate(() => window.auth.getState().user?.email), "admin@inphora.example");
      const asked = lab.proxy.refreshes().length;
      assert.ok(asked <= 12, `${asked} requests within an outage of ${OUTAGE_MS / 1000} s`);
      await end();

      await until(() => statuses(pages), (all) => all.every((status) => status === "authenticated"), LONGEST_BACKOFF_MS);
      assert.deepEqual(new Set(await usedBy(pages)), new Set([200]));
      assert.equal((await eventsOf(sessionId))["token.reuse_detected"], undefined);
    });
  }

  labTest("five answers to a refresh are lost: the same token is asked for again, and nobody is signed out", LONG, async (lab) => {
    const { pages, sessionId } = await signedIn(lab);
    let lost = 0;
    spoilRefreshes(lab, () => (lost++ < 5 ? "drop" : undefined));
    const fine = () => lab.proxy.refreshes().some(({ status }) => status === 200);
    await until(fine, Boolean, 2 * LIFETIME_MS);

    await until(() => statuses(pages), (all) => all.every((status) => status === "authenticated"));
    assert.deepEqual(new Set(await usedBy(pages)), new Set([200]));
    const events = await until(() => eventsOf(sessionId), (found) => (found["token.replayed"] ?? 0) >= 5);
    assert.deepEqual([events["token.refreshed"], events["token.reuse_detected"]], [1, undefined]);
    console.log(`5 answers lost: ${lab.proxy.refreshes().length} requests, ${JSON.stringify(events)}`);
  });

  labTest("a tab killed in mid-refresh holds up nobody", LONG, async (lab) => {
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

  labTest("a session that ended elsewhere ends in all tabs, with its reason", LONG, async (lab) => {
    const { pages } = await signedIn(lab, 3);
    const elsewhere = await lab.open({ namespace: "elsewhere" });
    await lab.login(elsewhere);
    const mine = await pages[0]?.evaluate(() => window.auth.getState().sessionId);
    await elsewhere.evaluate((id) => window.auth.fetch(`/api/auth/sessions/${id}`, { method: "DELETE" }), mine);
    const outcome = await pages[0]?.evaluate(() => window.go(() => window.auth.fetch("/api/auth/me")));

    assert.deepEqual(outcome?.error, { kind: "session_ended", code: "session_revoked", name: "AuthError" });
    await until(() => statuses(pages), (all) => all.every((status) => status === "expired"));
    assert.equal(await pages[2]?.evaluate(() => window.auth.getState().code), "session_revoked");
  });

  for (const [title, hours] of /** @type {[string, number][]} */ ([["ahead", 2], ["behind", -2]])) {
    labTest(`a clock two hours ${title}, and one that jumps there in between`, LONG, async (lab) => {
      await lab.context.addInitScript((offset_ms) => {
        const { now } = Date;
        Date.now = () => now() + (window.offset_ms ?? offset_ms);
      }, hours * 3_600_000);
      const { pages } = await signedIn(lab, 2);
      await sleep(LIFETIME_MS);
      assert.deepEqual(new Set(await usedBy(pages)), new Set([200]));
      const before = lab.proxy.refreshes().length;
      assert.ok(before <= 2, `${before} refreshes in one lifetime`);

      await Promise.all(pages.map((page) => page.evaluate(() => void (window.offset_ms = 0))));
      await sleep(LIFETIME_MS);
      assert.deepEqual(new Set(await usedBy(pages)), new Set([200]));
      const after = lab.proxy.refreshes();
      assert.ok(after.length - before <= 3, `${after.length - before} refreshes in the next`);
      assert.deepEqual(new Set(after.map(({ status }) => status)), new Set([200]));
    });
  }

  labTest("over plain http, without locks and encryption, two tabs still share one refresh", LONG, async (lab) => {
    const address = `http://insecure.test:${lab.proxy.port}`;
    const pages = [await lab.open({}, address), await lab.open({}, address)];
    const [first] = pages;
    assert.deepEqual(await first?.evaluate(() => [isSecureContext, typeof navigator.locks, typeof crypto.subtle]), [false, "undefined", "undefined"]);
    await lab.login(/** @type {any} */ (first));
    await until(() => statuses(pages), (all) => all.every((status) => status === "authenticated"));
    await Promise.all(pages.map((page) => page.evaluate(() => window.auth.refresh())));
    assert.equal(lab.proxy.refreshes().length, 1);

    const strict = await lab.open({ namespace: "strict", encrypt: "required" }, address);
    assert.equal(await strict.evaluate(() => window.auth.getState().error?.code), "encryption_unavailable");
  });
});
