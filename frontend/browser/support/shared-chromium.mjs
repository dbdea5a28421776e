import { after } from "node:test";

import { launchChromium } from "./engines/chromium.mjs";

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;
after(async () => (await browser)?.close());

/** The one that all tests of a process share. It knows a host of this machine by a name that is no secure context. */
export function sharedChromium() {
  browser ??= launchChromium({ args: ["--host-resolver-rules=MAP insecure.test 127.0.0.1"] });
  return browser;
}
