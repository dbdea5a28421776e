/**
 * One door to three engines: what is written in `inEveryEngine` runs in Chromium, Firefox and WebKit, or in those that
 * ENGINES names, separated by commas.
 */
import { after, describe, test } from "node:test";

import { CHROMIUM_ENGINE } from "./engines/chromium.mjs";
import { FIREFOX_ENGINE } from "./engines/firefox.mjs";
import { WEBKIT_ENGINE } from "./engines/webkit.mjs";
import { knownFault } from "./known-fault.mjs";

/**
 * @typedef {import("./engines/tab.mjs").Tab} Tab
 * @typedef {"chromium" | "firefox" | "webkit"} EngineName
 *
 * @typedef {object} Engine
 * @property {EngineName} name
 * @property {string} install Debian's packages
 * @property {() => boolean} isInstalled
 * @property {() => string} version
 * @property {() => Promise<Browser>} start
 *
 * @typedef {object} Browser
 * @property {() => Promise<Profile>} newProfile
 * @property {() => Promise<unknown>} close
 *
 * @typedef {object} Profile nothing is kept in it yet, and nothing is shared with others
 * @property {() => Promise<Tab>} open a new tab
 * @property {() => Promise<Tab[]>} tabs as they came; also those that a page has opened
 * @property {() => Promise<unknown>} close with all its tabs
 *
 * @typedef {{ reason: string, shows: RegExp }} Fault of the product: why a test fails in one engine, and with which words
 * @typedef {(title: string, options: { faults?: Partial<Record<EngineName, Fault>>, skip?: string | false, timeout?: number }, body: (profile: Profile, engine: EngineName) => Promise<void>) => void} EngineTest
 */

const ALL = [CHROMIUM_ENGINE, FIREFOX_ENGINE, WEBKIT_ENGINE];
const TIMEOUT_MS = 420_000;

/** Those that ENGINES names, or all. @returns {Engine[]} */
export function wantedEngines() {
  const names = (process.env.ENGINES ?? "").split(",").filter(Boolean);
  const unknown = names.filter((name) => !ALL.some((engine) => engine.name === name));
  if (unknown.length > 0) throw new Error(`ENGINES: no such engine: ${unknown}; there are ${ALL.map(({ name }) => name)}`);
  return ALL.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** Why an engine's tests cannot run. @param {Engine} engine @returns {string | false} */
export function missing({ name, install, isInstalled }) {
  return isInstalled() ? false : `${name} is not installed (as root: apt-get install --no-install-recommends ${install})`;
}

/** Those that tests have started, one of each engine a process. @type {Map<Engine, Promise<Browser>>} */
const started = new Map();

/** Tests with a fresh profile each; engines run beside each other. @param {(test: EngineTest) => void} declare */
export function inEveryEngine(declare) {
  after(endAll);
  describe("in every engine", { concurrency: true }, () => {
    for (const engine of wantedEngines()) {
      describe(engine.name, { concurrency: 1, skip: missing(engine) }, () => declare(testsOf(engine)));
    }
  });
}

async function endAll() {
  await Promise.allSettled([...started.values()].map(async (browser) => (await browser).close()));
  started.clear();
}

/** @param {Engine} engine @returns {EngineTest} */
function testsOf(engine) {
  return (title, { faults = {}, skip = false, timeout = TIMEOUT_MS }, body) => {
    test(`${engine.name}: ${title}`, { skip, timeout }, async (context) => {
      const browser = started.get(engine) ?? engine.start();
      started.set(engine, browser);
      const profile = await (await browser).newProfile();
      const fault = faults[engine.name];
      const run = () => body(profile, engine.name);
      try {
        if (fault) context.diagnostic(await knownFault(fault, run));
        else await run();
      } finally {
        await profile.close();
      }
    });
  };
}
