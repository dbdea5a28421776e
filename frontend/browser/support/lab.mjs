import assert from "node:assert/strict";
import { after, test } from "node:test";

import { chromium } from "playwright-core";

import { ARGUMENTS, BASE_URL, PASSWORD } from "./browser.mjs";
import { CHROMIUM } from "./chromium.mjs";
import { startProxy } from "./proxy.mjs";

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {import("playwright-core").BrowserContext} Context
 * @typedef {{ proxy: import("./proxy.mjs").Proxy, context: Context, open: (options?: object, address?: string) => Promise<Page>,
 *   login: (page: Page, email?: string) => Promise<any> }} Lab
 */

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;
after(async () => (await browser)?.close());

/**
 * A test with tabs of one browser that load the built client, behind a proxy of its own.
 * @param {string} title @param {{ init?: () => void, timeout?: number, skip?: string | false }} options `init` runs in each tab before its page
 * @param {(lab: Lab) => Promise<void>} body
 */
export function labTest(title, { init, timeout = 60_000, skip = false }, body) {
  test(title, { timeout, skip }, async () => {
    browser ??= chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, "--host-resolver-rules=MAP insecure.test 127.0.0.1"] });
    const proxy = await startProxy(BASE_URL);
    const context = await (await browser).newContext();
    if (init) await context.addInitScript(init);
    /** @param {object} [options] of the client @param {string} [address] another name of the same host */
    async function open(options = {}, address = proxy.baseUrl) {
      const page = await context.newPage();
      await page.goto(`${address}/lab#${encodeURIComponent(JSON.stringify(options))}`);
      await page.waitForFunction(() => "auth" in window);
      await page.evaluate(() => window.auth.ready);
      return page;
    }
    try {
      await body({ proxy, context, open, login });
    } finally {
      await context.close();
      await proxy.stop();
    }
  });
}

/** @param {Page} page @param {string} [email] */
async function login(page, email = "admin@inphora.example") {
  return page.evaluate((credentials) => window.auth.login(credentials), { email, password: PASSWORD });
}

/** @param {Page[]} pages @returns {Promise<string[]>} */
export function statuses(pages) {
  return Promise.all(pages.map((page) => page.evaluate(() => window.auth.getState().status)));
}

/** How each tab's token is taken by the service. @param {Page[]} pages @returns {Promise<number[]>} */
export function usedBy(pages) {
  return Promise.all(pages.map((page) => page.evaluate(() => window.auth.fetch("/api/auth/me").then((answer) => answer.status))));
}

/** Polls until it holds, or fails with what was there last. @template T @param {() => Promise<T> | T} look @param {(value: T) => boolean} holds @param {number} [within_ms] */
export async function until(look, holds, within_ms = 15_000) {
  const deadline = Date.now() + within_ms;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    assert.ok(Date.now() < deadline, `not within ${within_ms} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** All that the page left in the browser, as text. @param {import("playwright-core").Page} page */
export function keptIn(page) {
  return page.evaluate(async () => {
    const kept = [...Object.values(localStorage), ...Object.values(sessionStorage), document.cookie];
    for (const { name = "" } of await indexedDB.databases()) {
      const db = await new Promise((resolve) => (indexedDB.open(name).onsuccess = (event) => resolve(/** @type {any} */ (event.target).result)));
      const all = await new Promise((resolve) => (db.transaction("auth").objectStore("auth").getAll().onsuccess = (/** @type {any} */ event) => resolve(event.target.result)));
      kept.push(JSON.stringify(all));
      db.close();
    }
    return kept.join("");
  });
}
