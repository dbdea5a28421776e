import assert from "node:assert/strict";
import { describe } from "node:test";

import { BASE_URL, accessibilityFaults, enterPassword, fitsWindow, pageTest, screenshot, signIn, visit } from "./support/browser.mjs";
import { SHORT_URL } from "./support/short.mjs";

const UNAUTHORIZED = /the server responded with a status of 401/;
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** @type {[string, import("./support/browser.mjs").PageOptions][]} */
const DEVICES = [
  ["light", { colorScheme: "light", viewport: { width: 1280, height: 800 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 800 } }],
  ["phone", { colorScheme: "light", ...PHONE }],
  ["phone-dark", { colorScheme: "dark", ...PHONE }],
];
describe("appearance", { concurrency: true }, () => {
  for (const [name, device] of DEVICES) {
    pageTest(`every view is accessible and fits the screen: ${name}`, { ...device, baseURL: SHORT_URL, expected: [UNAUTHORIZED, /net::ERR_FAILED/] }, async ({ page }) => {
      /** @param {string} view */
      async function look(view) {
        await screenshot(page, `${view}-${name}`);
        assert.deepEqual(await accessibilityFaults(page), []);
        await fitsWindow(page);
      }

      await look("sign-in");
      await enterPassword(page, "nobody@inphora.example", "not-the-password-at-all");
      await page.getByText("do not match an account").waitFor();
      await look("sign-in-error");
      await signIn(page, "mfa@inphora.example");
      await page.getByLabel("Six-digit code").waitFor();
      await look("second-factor");
      await page.getByRole("button", { name: "Use a recovery code instead" }).click();
      await look("recovery-code");
      await page.getByRole("button", { name: "Sign in as someone else" }).click();
      await signIn(page, "borrower@inphora.example");
      await page.getByText("Session ends").waitFor();
      await look("overview");
      await visit(page, "Devices");
      await page.locator("[data-session-id]").first().waitFor();
      await look("devices");
      await visit(page, "Security");
      await page.getByRole("button", { name: "Set up two-factor" }).waitFor();
      await look("security");
      await page.getByRole("button", { name: "Set up two-factor" }).click();
      await page.getByRole("img", { name: "QR code for your authenticator app" }).waitFor();
      await look("two-factor-setup");
      await visit(page, "Your data");
      await page.getByRole("button", { name: "Prepare my data" }).waitFor();
      await look("your-data");
      await page.route("**/api/auth/refresh", (route) => route.abort());
      await page.getByText("The service cannot be reached.").waitFor();
      await look("unreachable");
      await page.unrouteAll();
      await page.getByRole("button", { name: "Try now" }).click({ timeout: 1000 }).catch(() => {}); // unless it came back by itself first
      await page.getByText("You stay signed in.").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Sign out", exact: true }).click();
      await page.getByText("You have signed out.").waitFor();
      await look("signed-out");
    });
  }
});

pageTest("the page comes with a policy that allows no inline script, style or stranger", {}, async () => {
  const policy = (await fetch(BASE_URL)).headers.get("Content-Security-Policy") ?? "";

  const sources = Object.fromEntries(policy.split(";").map((directive) => directive.trim().split(/\s+(.*)/s)));
  for (const kind of ["script-src", "style-src", "connect-src"]) assert.equal(sources[kind] ?? sources["default-src"], "'self'", kind);
  assert.equal(sources["frame-ancestors"], "'none'");
});

pageTest("hashed assets are kept for good; the page and the client's one file are asked for anew", {}, async ({ page }) => {
  const assets = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.includes("/assets/")));
  assert.ok(assets.length >= 2);
  for (const asset of assets) {
    assert.match(asset, /-[\w-]{8}\.\w+$/);
    assert.match((await fetch(asset)).headers.get("Cache-Control") ?? "", /max-age=31536000, immutable/);
  }
  for (const path of ["/", "/auth.min.js"]) {
    const answer = await fetch(`${BASE_URL}${path}`);
    assert.deepEqual([answer.status, answer.headers.get("Cache-Control")], [200, "no-cache"]);
  }
  assert.equal(await page.locator("script:not([src]), style, [style]").count(), 0);
});
