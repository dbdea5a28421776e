import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { LEASH, makeDirectory, ownHome, release } from "../leash.mjs";
import { PAGE_MS, makeTab } from "./tab.mjs";

/** @typedef {import("puppeteer-core").Page} Page */

/** Where Debian puts it; `FIREFOX` names another one. */
const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
const START_MS = 120_000;

/** @type {import("../engines.mjs").Engine} */
export const FIREFOX_ENGINE = {
  name: "firefox",
  install: "firefox-esr",
  isInstalled: () => existsSync(FIREFOX),
  version: () => execFileSync(FIREFOX, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(),
  start,
};

/** @returns {Promise<import("../engines.mjs").Browser>} */
async function start() {
  const { launch } = await import("puppeteer-core");
  const directory = await makeDirectory();
  const env = /** @type {Record<string, string>} */ ({ ...ownHome(directory), LEASHED: FIREFOX, LEASHED_DIR: directory });
  const browser = await launch({
    browser: "firefox",
    executablePath: LEASH,
    userDataDir: join(directory, "profile"),
    headless: true,
    protocolTimeout: START_MS,
    timeout: START_MS,
    env,
  });

  async function newProfile() {
    const context = await browser.createBrowserContext();
    /** @type {Map<Page, import("./tab.mjs").Tab>} */
    const known = new Map();
    const tabs = async () => (await context.pages()).map(tabOf);
    const open = async () => tabOf(await context.newPage());

    /** @param {Page} page */
    function tabOf(page) {
      const tab = known.get(page) ?? makeTab(drive(page));
      known.set(page, tab);
      return tab;
    }

    return { open, tabs, close: () => context.close() };
  }

  async function close() {
    const child = browser.process();
    await browser.close();
    if (child) release(child);
  }

  return { newProfile, close };
}

/** @param {Page} page @returns {import("./tab.mjs").Driver} */
function drive(page) {
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error instanceof Error ? error.message : error}`));
  return {
    goto: (url) => page.goto(url, { timeout: PAGE_MS }),
    reload: () => page.reload({ timeout: PAGE_MS }),
    front: () => page.bringToFront(),
    evaluate: (expression) => page.evaluate(expression),
    element: async (expression) => elementOf((await page.evaluateHandle(expression)).asElement()),
    complaints: async () => complaints,
    close: () => page.close(),
  };
}

/** @param {import("puppeteer-core").ElementHandle<Node> | null} handle @returns {import("./tab.mjs").Element | null} */
function elementOf(handle) {
  if (!handle) return null;
  const element = /** @type {import("puppeteer-core").ElementHandle<HTMLInputElement>} */ (handle);
  return {
    click: () => element.click(),
    fill: async (text) => {
      await element.evaluate((input) => input.select());
      if (!text) await element.press("Delete");
      await element.type(text);
    },
  };
}
