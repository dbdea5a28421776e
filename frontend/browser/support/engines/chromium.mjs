import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

import { LEASH_PIPE } from "../leash.mjs";
import { PAGE_MS, makeTab } from "./tab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Where Debian puts it: without a window it needs a third less CPU, and is the same engine. */
const SHELL = "/usr/bin/chromium-headless-shell";
/** `CHROMIUM` names another one. */
export const CHROMIUM = process.env.CHROMIUM ?? (existsSync(SHELL) ? SHELL : "/usr/bin/chromium");

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @type {import("../engines.mjs").Engine} */
export const CHROMIUM_ENGINE = {
  name: "chromium",
  install: "chromium-headless-shell",
  isInstalled: () => existsSync(CHROMIUM),
  version: () => execFileSync(CHROMIUM, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(),
  start,
};

/** @param {import("playwright-core").LaunchOptions} [options] */
export async function launchChromium({ args = [], ...options } = {}) {
  const { chromium } = await import("playwright-core");
  const env = /** @type {Record<string, string>} */ ({ ...process.env, LEASHED: CHROMIUM });
  return chromium.launch({ executablePath: LEASH_PIPE, args: [...ARGUMENTS, ...args], env, timeout: PAGE_MS, ...options });
}

/** @returns {Promise<import("../engines.mjs").Browser>} */
async function start() {
  const browser = await launchChromium({
    ignoreDefaultArgs: ["--disable-back-forward-cache"], // people have one
  });

  async function newProfile() {
    const context = await browser.newContext();
    /** @type {Map<Page, import("./tab.mjs").Tab>} */
    const known = new Map();
    const tabs = async () => context.pages().map(tabOf);
    context.on("page", tabOf);

    /** @param {Page} page */
    function tabOf(page) {
      const tab = known.get(page) ?? makeTab(drive(page));
      known.set(page, tab);
      return tab;
    }

    return { open: async () => tabOf(await context.newPage()), tabs, close: () => context.close() };
  }

  return { newProfile, close: () => browser.close() };
}

/** @param {Page} page @returns {import("./tab.mjs").Driver} */
function drive(page) {
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  return {
    goto: (url) => page.goto(url, { timeout: PAGE_MS }),
    reload: () => page.reload({ timeout: PAGE_MS }),
    front: () => page.bringToFront(),
    evaluate: (expression) => page.evaluate(expression),
    element: async (expression) => (await page.evaluateHandle(expression)).asElement(),
    complaints: async () => complaints,
    close: () => page.close(),
  };
}
