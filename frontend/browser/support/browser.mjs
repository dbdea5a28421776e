import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

import axe from "axe-core";

import { sharedChromium } from "./shared-chromium.mjs";
import { settles } from "./until.mjs";

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {import("playwright-core").BrowserContextOptions & { expected?: RegExp[], skip?: string | false }} PageOptions
 *   `expected`: what the console may say in this test
 * @typedef {{ page: Page, open: () => Promise<Page> }} Desk `open`: another device, under the same watch
 */

export const BASE_URL = process.env.BASE_URL ?? "";
export const PASSWORD = "demo-only-not-secret-42";

const ARTIFACTS = resolve(import.meta.dirname, "../../../artifacts");
/** What an action of a page may take on a machine short of CPU. */
export const ACTION_MS = 120_000;

/**
 * A test with a fresh device before the sign-in page. It also fails for anything unexpected on the console, for
 * uncaught errors and for violations of the page's Content-Security-Policy.
 * @param {string} title @param {PageOptions} options @param {(desk: Desk) => Promise<void>} body
 */
export function pageTest(title, { expected = [], skip = false, ...device }, body) {
  test(title, { skip }, async () => {
    const running = await sharedChromium();
    /** @type {string[]} */
    const complaints = [];
    /** @type {import("playwright-core").BrowserContext[]} */
    const contexts = [];

    async function open() {
      const context = await running.newContext({ baseURL: BASE_URL, ...device });
      context.setDefaultTimeout(ACTION_MS);
      contexts.push(context);
      const page = await context.newPage();
      await watch(page, complaints);
      await page.goto("/");
      await page.getByRole("heading", { level: 1 }).waitFor();
      return page;
    }

    try {
      await body({ page: await open(), open });
    } finally {
      for (const context of contexts) await context.close();
    }
    assert.deepEqual(
      complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint))),
      [],
    );
  });
}

/** @param {Page} page @param {string[]} complaints */
async function watch(page, complaints) {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  await page.exposeFunction("complain", (/** @type {string} */ text) => complaints.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (violation) => {
      // @ts-expect-error exposed above
      window.complain(`CSP: ${violation.violatedDirective} refused ${violation.blockedURI}`);
    });
  });
}

/** Types as a person does, and waits for the session. @param {Page} page @param {string} email */
export async function signIn(page, email) {
  const answer = page.waitForResponse("**/api/auth/login");
  await enterPassword(page, email, PASSWORD);
  const tokens = await (await answer).json();
  assert.equal((await answer).status(), 200, JSON.stringify(tokens));
  if (!tokens.mfa_required) await page.getByRole("heading", { name: /^Hello/, level: 1 }).waitFor();
  return tokens;
}

/** @param {Page} page @param {string} email @param {string} password */
export async function enterPassword(page, email, password) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Goes to another page by the menu. @param {Page} page @param {"Overview" | "Devices" | "Security" | "Your data" | "Analytics" | "People"} title */
export async function visit(page, title) {
  await page.getByRole("navigation").getByRole("link", { name: title }).click();
}

/** What is told to a person in the form at hand. @param {Page} page */
export async function alertText(page) {
  const alert = page.getByRole("alert").filter({ hasText: /\S/ });
  await alert.first().waitFor();
  return alert.first().innerText();
}

/** Waits until the focus is there. @param {import("playwright-core").Locator} locator */
export function hasFocus(locator) {
  return settles(() => locator.evaluate((element) => element === document.activeElement), true);
}

/** How the service sees an access token now. @param {string} token @returns {Promise<[number, string | undefined]>} */
export async function whoAmI(token) {
  const answer = await fetch(`${BASE_URL}/api/auth/me`, { headers: { Authorization: `Bearer ${token}` } });
  return [answer.status, (await answer.json()).code];
}

/** WCAG 2.2 A and AA, as far as a program can tell. @param {Page} page @returns {Promise<string[]>} what is wrong */
export async function accessibilityFaults(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    // @ts-expect-error put there by that script
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  return violations.map((/** @type {any} */ fault) => `${fault.id}: ${fault.nodes.map((/** @type {any} */ node) => node.html).join(" ")}`);
}

/** Into `artifacts/` at the top of the repository. @param {Page} page @param {string} name */
export async function screenshot(page, name) {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTIFACTS, `frontend-${name}.png`), fullPage: true });
}

/** Waits until nothing is wider than the window. @param {Page} page */
export function fitsWindow(page) {
  return settles(() => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0);
}

/** One screen on desktop and phone, light and dark: kept, accessible, and no wider than the window. @param {Page} page @param {string} name */
export async function everyLook(page, name) {
  for (const [device, width] of /** @type {[string, number][]} */ ([["", 1280], ["phone-", 390]])) {
    await page.setViewportSize({ width, height: 844 });
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      await page.emulateMedia({ colorScheme });
      await screenshot(page, `${name}-${device}${colorScheme}`);
      assert.deepEqual(await accessibilityFaults(page), []);
      await fitsWindow(page);
    }
  }
}
