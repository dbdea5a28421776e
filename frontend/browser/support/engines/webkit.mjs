import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

import { startLeashed } from "../leash.mjs";
import { freePort } from "../service.mjs";
import { until } from "../until.mjs";
import { makeTab } from "./tab.mjs";
import { openSession } from "./webdriver.mjs";

/** @typedef {import("./webdriver.mjs").Session} Session */

const DRIVER = "/usr/bin/WebKitWebDriver";
const XVFB = "/usr/bin/Xvfb";
/** Where Debian puts it; `MINIBROWSER` names another one. */
const MINIBROWSER = process.env.MINIBROWSER ?? minibrowser() ?? "";
const START_MS = 60_000;

/** @type {import("../engines.mjs").Engine} */
export const WEBKIT_ENGINE = {
  name: "webkit",
  install: "webkit2gtk-driver xvfb",
  isInstalled: () => [DRIVER, XVFB, MINIBROWSER].every((path) => existsSync(path)),
  version,
  start,
};

/** Each profile is a browser of its own, as a driver has one session, with a screen that they share. */
async function start() {
  const screen = await startLeashed(XVFB, ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"]);
  const DISPLAY = `:${await until(() => /^(\d+)\n/m.exec(alive(screen).output.text)?.[1], Boolean, START_MS)}`;

  async function newProfile() {
    const port = await freePort();
    const driver = await startLeashed(DRIVER, [`--port=${port}`], { env: { DISPLAY, NO_AT_BRIDGE: "1", GTK_A11Y: "none" } });
    const address = `http://127.0.0.1:${port}`;
    await until(() => fetch(`${alive(driver) && address}/status`).then(({ ok }) => ok, () => false), Boolean, START_MS);
    const options = { binary: MINIBROWSER, args: ["--automation"] };
    const session = await openSession(address, { browserName: "MiniBrowser", "webkitgtk:browserOptions": options });
    /** @type {Map<string, import("./tab.mjs").Tab>} */
    const known = new Map();
    const handles = () => /** @type {Promise<string[]>} */ (session.command("GET", "/window/handles"));

    /** The driver names its windows in any order: here they stand as they came. */
    async function tabs() {
      const now = await handles();
      now.forEach(tabOf);
      return [...known].filter(([handle]) => now.includes(handle)).map(([, tab]) => tab);
    }

    /** @param {string} handle */
    function tabOf(handle) {
      const tab = known.get(handle) ?? makeTab(drive(session, handle));
      known.set(handle, tab);
      return tab;
    }

    async function open() {
      const [first] = await handles();
      if (first && known.size === 0) return tabOf(first);
      return tabOf((await session.command("POST", "/window/new", { type: "tab" })).handle);
    }

    async function close() {
      await session.end().catch(() => {}); // the driver ends its browser in any case
      await driver.stop();
    }

    return { open, tabs, close };
  }

  return { newProfile, close: async () => void (await screen.stop()) };
}

/** @param {Session} session @param {string} handle @returns {import("./tab.mjs").Driver} */
function drive(session, handle) {
  /** @param {string} path @param {object} [body] */
  const post = (path, body = {}) => session.command("POST", path, body, handle);
  const watch = () => session.evaluate(handle, `(${collect})()`);
  return {
    goto: (url) => post("/url", { url }).then(watch),
    reload: () => post("/refresh").then(watch),
    front: () => session.command("GET", "/window", undefined, handle),
    evaluate: (expression) => session.evaluate(handle, expression),
    element: async (expression) => {
      const id = await session.element(handle, expression);
      if (!id) return null;
      return {
        click: () => post(`/element/${id}/click`),
        fill: async (text) => {
          await post(`/element/${id}/clear`);
          await post(`/element/${id}/value`, { text });
        },
      };
    },
    complaints: () => session.evaluate(handle, "window.complaints ?? []"),
    close: () => session.command("DELETE", "/window", undefined, handle),
  };
}

/** In automation its console cannot be read: here are the errors of the page that is open, from its load event on. */
function collect() {
  if ("complaints" in window) return;
  /** @type {string[]} */
  const complaints = [];
  Object.assign(window, { complaints });
  const { error } = console;
  console.error = (...words) => {
    complaints.push(words.join(" "));
    error(...words);
  };
  addEventListener("error", ({ message }) => complaints.push(`uncaught: ${message}`));
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(`uncaught: ${reason}`));
}

/** @returns {string} of the package: the program itself names its version only with a screen */
function version() {
  try {
    return execFileSync("dpkg-query", ["-W", "-f", "WebKitGTK ${Version}", "webkit2gtk-driver"], { encoding: "utf8" });
  } catch {
    return "WebKitGTK, of no package";
  }
}

/** @returns {string | undefined} */
function minibrowser() {
  const places = existsSync("/usr/lib") ? readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/webkit2gtk-4.1/MiniBrowser`) : [];
  return places.find((path) => existsSync(path));
}

/** @param {import("../leash.mjs").Leashed} leashed @throws {Error} with what it wrote, where it has ended */
function alive(leashed) {
  const { child, output } = leashed;
  if (child.exitCode === null && child.signalCode === null) return leashed;
  throw new Error(`it ended: ${output.text}`);
}
