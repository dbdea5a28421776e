import { after } from "node:test";

import { chromium } from "playwright-core";

import { ARGUMENTS, CHROMIUM } from "./engines/chromium.mjs";

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;
after(async () => (await browser)?.close());

/** The one that all tests of a file share. It knows a host of this machine by a name that is no secure context. */
export function sharedChromium() {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, "--host-resolver-rules=MAP insecure.test 127.0.0.1"] });
  return browser;
}
