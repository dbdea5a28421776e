import { PAGE_MS } from "./tab.mjs";

/** @typedef {Awaited<ReturnType<typeof openSession>>} Session */

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const COMMAND_MS = 150_000;
/**
 * A script that runs as its page goes away is never answered, by WebKit not even that it took too long: it is given up,
 * soon enough for `poll` to run it again.
 */
const LIMITS = { script: 15_000, pageLoad: PAGE_MS, implicit: 0 };
const SCRIPT_MS = LIMITS.script + 5_000;

/**
 * A session of W3C WebDriver, as far as the tests need it. It knows one current window, so commands to several
 * follow each other.
 * @param {string} address of the driver @param {Record<string, unknown>} capabilities
 */
export async function openSession(address, capabilities) {
  const { sessionId } = await send("POST", "/session", { capabilities: { alwaysMatch: { ...capabilities, timeouts: LIMITS } } });
  let current = "";
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();

  /** @param {string} method @param {string} path @param {object} [body] */
  async function send(method, path, body) {
    const signal = AbortSignal.timeout(path.endsWith("/execute/async") ? SCRIPT_MS : COMMAND_MS);
    const answer = await fetch(address + path, { method, body: body && JSON.stringify(body), signal }).catch((error) => {
      throw new Error(`WebDriver: ${method} ${path}: ${error.message}`, { cause: error });
    });
    const { value } = /** @type {any} */ (await answer.json());
    if (!answer.ok) throw new Error(`WebDriver: ${method} ${path}: ${value?.error}: ${value?.message}`);
    return value;
  }

  /** @param {string} method @param {string} path @param {object} [body] @param {string} [window] to which it goes */
  function command(method, path, body, window) {
    const work = last.then(async () => {
      if (window && window !== current) await send("POST", `/session/${sessionId}/window`, { handle: window });
      if (window) current = window;
      return send(method, `/session/${sessionId}${path}`, body);
    });
    last = work.catch(() => {});
    return work;
  }

  /** What a promise becomes, or why it fails, is what the script calls back with. @param {string} window @param {string} expression */
  async function evaluate(window, expression) {
    const script = `const done = arguments[0];
      (async () => ${expression})().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await command("POST", "/execute/async", { script, args: [] }, window);
    if (error) throw new Error(error);
    return value;
  }

  /** @param {string} window @param {string} expression @returns {Promise<string | null>} its id */
  async function element(window, expression) {
    return (await evaluate(window, expression))?.[ELEMENT] ?? null;
  }

  return { command, evaluate, element, end: () => command("DELETE", "") };
}
