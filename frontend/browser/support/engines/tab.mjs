import { find } from "./find.mjs";

/**
 * What an engine can do with a tab; all else is made of it, alike in all engines.
 * @typedef {object} Driver
 * @property {(url: string) => Promise<unknown>} goto until the page's load event
 * @property {() => Promise<unknown>} reload
 * @property {() => Promise<unknown>} front shows it before the other tabs
 * @property {(expression: string) => Promise<any>} evaluate a JavaScript expression; a promise is awaited
 * @property {(expression: string) => Promise<Element | null>} element
 * @property {() => Promise<string[]>} complaints
 * @property {() => Promise<unknown>} close without asking the page
 *
 * @typedef {{ click: () => Promise<unknown>, fill: (text: string) => Promise<unknown> }} Element
 * @typedef {import("./find.mjs").What} What
 * @typedef {ReturnType<typeof makeTab>} Tab
 */

/** What a page may take on a machine short of CPU. */
export const WITHIN_MS = 60_000;
/** Until the load event. */
export const PAGE_MS = 120_000;
const PAUSE_MS = 100;

/** @param {Driver} driver */
export function makeTab(driver) {
  const { goto, reload, front, complaints, close } = driver;

  /**
   * Runs a function in the page; it knows nothing of the module it stands in, and may be async.
   * @template T @template {any[]} A @param {(...args: A) => T | Promise<T>} code @param {A} args as JSON @returns {Promise<T>}
   */
  function run(code, ...args) {
    return within(driver.evaluate(callOf(code, args)), WITHIN_MS, () => `the page did not answer: ${code}`);
  }

  /**
   * Waits until a function that runs in the page answers something true, and answers that.
   * @template T @template {any[]} A @param {(...args: A) => T | Promise<T>} code @param {A} args
   */
  function waitFor(code, ...args) {
    return poll(() => run(code, ...args), () => run(shown).then((text) => `${String(code).slice(0, 200)} ${JSON.stringify(args)}; the page shows: ${text}`));
  }

  /** Waits until it is shown. @param {What} what */
  function see(what) {
    return poll(() => driver.evaluate(`${callOf(find, [what])} !== null`), () => shows(what));
  }

  /** @param {What} what */
  async function click(what) {
    await use(what, (element) => element.click());
  }

  /** @param {What} what @param {string} text replaces what is there */
  async function fill(what, text) {
    await use(what, (element) => element.fill(text));
  }

  /** Again where the page has put another in its place meanwhile. @param {What} what @param {(element: Element) => Promise<unknown>} action */
  function use(what, action) {
    const once = async () => {
      const element = await driver.element(callOf(find, [what]));
      if (element) await within(action(element), WITHIN_MS, () => `it could not be used: ${JSON.stringify(what)}`);
      return element !== null;
    };
    return poll(once, () => shows(what));
  }

  /** Goes by the browser's history, and waits until the address is another: a page out of the cache has no load event. @param {-1 | 1} steps */
  async function travel(steps) {
    const before = await run((by) => (setTimeout(() => history.go(by)), location.href), steps);
    await waitFor((address) => location.href !== address, before);
  }

  /** @param {What} what */
  const shows = async (what) => `${JSON.stringify(what)}; the page shows: ${await run(shown)}`;

  return { goto, reload, back: () => travel(-1), forward: () => travel(1), front, run, waitFor, see, click, fill, complaints, close };
}

/** @param {Function} code @param {any[]} args */
function callOf(code, args) {
  return `(${code})(...${JSON.stringify(args)})`;
}

/** @returns {string} */
function shown() {
  return document.body?.innerText.slice(0, 500) ?? "";
}

/** A page that goes meanwhile is no reason to give up. @template T @param {() => Promise<T>} look @param {() => Promise<string>} wanted @returns {Promise<NonNullable<T>>} */
async function poll(look, wanted) {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const [value, cause] = await look().then((seen) => [seen], (error) => [null, error]);
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${WITHIN_MS} ms: ${await wanted()}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** @template T @param {Promise<T>} work @param {number} limit_ms @param {() => string} words @returns {Promise<T>} */
export function within(work, limit_ms, words) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`${words()} (${limit_ms} ms)`)), limit_ms)));
  return /** @type {Promise<T>} */ (Promise.race([work, late]).finally(() => clearTimeout(timer)));
}
