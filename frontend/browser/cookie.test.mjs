import assert from "node:assert/strict";
import { describe } from "node:test";

import { eventsOf } from "./support/events.mjs";
import { keptIn, labTest, statuses, usedBy } from "./support/lab.mjs";
import { BASE_URL } from "./support/browser.mjs";
import { startProxy } from "./support/proxy.mjs";
import { settles, until } from "./support/until.mjs";

const PRODUCT_PORT = Number(process.env.PRODUCT_PORT ?? 0);
const COOKIE = { storage: "cookie" };
const NO_TOKEN = /rt_|eyJ/;

/** @typedef {import("playwright-core").Page} Page */

/** The refresh cookie as the browser keeps it. @param {import("playwright-core").BrowserContext} context */
async function refreshCookie(context) {
  const cookies = await context.cookies();
  return cookies.find(({ name }) => name.endsWith("inphora_refresh"));
}

/** @param {Page} page */
const settled = (page) => page.waitForFunction(() => !/initializing/.test(window.auth?.getState().status ?? "initializing"));

describe("cookie mode", { concurrency: true }, () => {
  labTest("a reload keeps the session, and no script can read a token of it", {}, async ({ open, login, context }) => {
    const page = await open(COOKIE);
    const { sessionId } = await login(page);
    const { httpOnly, secure, sameSite, path } = (await refreshCookie(context)) ?? {};
    assert.deepEqual({ httpOnly, secure, sameSite, path }, { httpOnly: true, secure: true, sameSite: "Strict", path: "/api/auth" });
    assert.doesNotMatch(await keptIn(page), NO_TOKEN);

    await page.reload();
    await settled(page);
    assert.deepEqual(await page.evaluate(() => [window.auth.getState().status, window.auth.getState().sessionId]), ["authenticated", sessionId]);
    assert.deepEqual(await usedBy([page]), [200]);
    assert.doesNotMatch(await keptIn(page), NO_TOKEN);
    assert.equal(await page.evaluate(() => document.cookie), "");
  });

  labTest("browser data lost but for the cookie: the session is found by it", {}, async ({ open, login, context, proxy }) => {
    const page = await open(COOKIE);
    const { sessionId } = await login(page);
    await page.goto(`${proxy.baseUrl}/api/health/live`);
    const devtools = await context.newCDPSession(page);
    await devtools.send("Storage.clearDataForOrigin", { origin: proxy.baseUrl, storageTypes: "indexeddb,local_storage" });

    const again = await open(COOKIE);
    assert.deepEqual(await again.evaluate(() => [window.auth.getState().status, window.auth.getState().sessionId]), ["authenticated", sessionId]);
  });

  labTest("two tabs through two expiries: each renews its own token, no cookie is used up", { short: true }, async ({ open, login, proxy, context }) => {
    const pages = [await open(COOKIE)];
    const { sessionId } = await login(/** @type {Page} */ (pages[0]));
    pages.push(await open(COOKIE));
    const before = (await refreshCookie(context))?.value;
    const refreshes = () => proxy.refreshes().slice(1); // the first asked whether there is a cookie
    await until(() => refreshes().filter(({ status }) => status).length, (count) => count >= 5); // the second tab's first, and two of each

    await settles(() => statuses(pages), ["authenticated", "authenticated"]);
    assert.deepEqual(new Set(await usedBy(pages)), new Set([200]));
    assert.deepEqual(new Set(refreshes().filter(({ status }) => status).map(({ status, hasCookie }) => `${status} ${hasCookie}`)), new Set(["200 true"]));
    assert.notEqual((await refreshCookie(context))?.value, before);
    for (const page of pages) assert.doesNotMatch(await keptIn(page), NO_TOKEN);
    const events = await until(() => eventsOf(sessionId), (found) => (found["token.refreshed"] ?? 0) >= 5);
    assert.deepEqual([events["token.reuse_detected"], events["token.replayed"]], [undefined, undefined]);
  });

  labTest("a sign-out shows in the other tab, and the cookie is gone", {}, async ({ open, login, context }) => {
    const [first, second] = [await open(COOKIE), await open(COOKIE)];
    await login(first);
    await settles(() => statuses([second]), ["authenticated"]);
    await first.evaluate(() => window.auth.logout());
    await settles(() => statuses([second]), ["anonymous"]);

    assert.equal(await refreshCookie(context), undefined);
    await first.reload();
    await settled(first);
    assert.deepEqual(await statuses([first]), ["anonymous"]);
  });

  /** Another port is another origin of the same site, where cookies go along; another name is another site. */
  for (const [title, host, isSent] of /** @type {[string, string, boolean][]} */ ([["another origin of this site", "127.0.0.1", true], ["another site", "localhost", false]])) {
    labTest(`a page of ${title} can neither refresh nor sign out`, {}, async ({ open, login, proxy }) => {
      const page = await open(COOKIE);
      await login(page);
      const own = await startProxy(BASE_URL);
      try {
        for (const path of ["refresh", "logout"]) {
          const evil = await open({ storage: "memory" }, `http://${host}:${own.port}`);
          const before = proxy.passed.length;
          const foreign = () => proxy.passed.slice(before).filter(({ origin }) => origin !== proxy.baseUrl); // the page may renew its own token meanwhile
          const url = `${proxy.baseUrl}/api/auth/${path}`;
          assert.deepEqual(await evil.evaluate(attack, url), ["opaque", "opaque", "refused", "refused"]);
          await evil.evaluate(postForm, url);
          await until(foreign, (all) => all.length >= 5 && all.every(({ status }) => status !== null));

          const posts = foreign().filter(({ method }) => method === "POST");
          assert.ok(posts.length >= 3 && posts.every(({ status }) => Number(status) >= 400), JSON.stringify(posts));
          if (path === "logout") assert.equal(posts.some(({ status }) => status === 403), isSent); // csrf_failed
          assert.deepEqual(new Set(posts.map(({ hasCookie }) => hasCookie)), new Set([isSent]));
        }
      } finally {
        await own.stop();
      }
      assert.deepEqual(await usedBy([page]), [200]);
      await page.evaluate(() => window.auth.refresh());
      assert.deepEqual(await usedBy([page]), [200]);
    });
  }

  labTest("a product on an origin in CORS_ORIGINS signs in, reloads, refreshes and signs out", { skip: PRODUCT_PORT ? false : "the service given knows no such origin" }, async ({ open, login, context }) => {
    const product = await startProxy(BASE_URL, PRODUCT_PORT);
    try {
      const page = await open({ ...COOKIE, baseUrl: BASE_URL }, product.baseUrl);
      const { sessionId } = await login(page);
      await page.reload();
      await settled(page);
      assert.equal(await page.evaluate(() => window.auth.getState().sessionId), sessionId);
      await page.evaluate(() => window.auth.refresh());
      assert.deepEqual(await usedBy([page]), [200]);
      assert.doesNotMatch(await keptIn(page), NO_TOKEN);
      await page.evaluate(() => window.auth.logout());
      assert.equal(await refreshCookie(context), undefined);
      assert.equal(product.passed.filter(({ path }) => path.startsWith("/api/")).length, 0, "all went to the service itself");
    } finally {
      await product.stop();
    }
  });
});

/** Without a preflight, then with what our own client sends. @param {string} url @returns {Promise<string[]>} */
function attack(url) {
  /** @type {RequestInit[]} */
  const tries = [
    { mode: "no-cors" },
    { mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: "{}" },
    { headers: { "X-Requested-With": "fetch" } },
    { headers: { "Content-Type": "application/json", "X-Requested-With": "fetch" }, body: "{}" },
  ];
  return Promise.all(tries.map((init) => fetch(url, { method: "POST", credentials: "include", ...init }).then(({ type }) => type, () => "refused")));
}

/** @param {string} url */
function postForm(url) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: url, enctype: "text/plain" });
  document.body.append(form);
  setTimeout(() => form.submit()); // not before this call has answered: the page goes with it
}
