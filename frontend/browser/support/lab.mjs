import { test } from "node:test";

import { ACTION_MS, BASE_URL, PASSWORD } from "./browser.mjs";
import { startProxy } from "./proxy.mjs";
import { sharedChromium } from "./shared-chromium.mjs";
import { SHORT_URL } from "./short.mjs";

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {import("playwright-core").BrowserContext} Context
 * @typedef {{ proxy: import("./proxy.mjs").Proxy, context: Context, open: (options?: object, address?: string) => Promise<Page>,
 *   login: (page: Page, email?: string) => Promise<any> }} Lab
 */

const TIMEOUT_MS = 480_000;

/**
 * A test with tabs of one browser that load the built client, behind a proxy of its own.
 * @param {string} title @param {{ init?: () => void, short?: boolean, skip?: string | false }} options
 *   `init` runs in each tab before its page; `short`: tokens that end within seconds
 * @param {(lab: Lab) => Promise<void>} body
 */
export function labTest(title, { init, short = false, skip = false }, body) {
  test(title, { timeout: TIMEOUT_MS, skip }, async () => {
    const proxy = await startProxy(short ? SHORT_URL : BASE_URL);
    const context = await (await sharedChromium()).newContext();
    context.setDefaultTimeout(ACTION_MS);
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
