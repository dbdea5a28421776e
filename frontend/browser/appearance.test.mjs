import assert from "node:assert/strict";

import { BASE_URL, accessibilityFaults, enterPassword, pageTest, screenshot, signIn } from "./support/browser.mjs";

const UNAUTHORIZED = /the server responded with a status of 401/;
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** @type {[string, import("./support/browser.mjs").PageOptions][]} */
const DEVICES = [
  ["light", { colorScheme: "light", viewport: { width: 1280, height: 800 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 800 } }],
  ["phone", { colorScheme: "light", ...PHONE }],
  ["phone-dark", { colorScheme: "dark", ...PHONE }],
];
for (const [name, device] of DEVICES) {
  pageTest(`every view is accessible and fits the screen: ${name}`, { ...device, expected: [UNAUTHORIZED] }, async ({ page }) => {
    /** @param {string} view */
    async function look(view) {
      await screenshot(page, `${view}-${name}`);
      assert.deepEqual(await accessibilityFaults(page), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0);
    }

    await look("sign-in");
    await enterPassword(page, "nobody@inphora.example", "not-the-password-at-all");
    await page.getByText("do not match an account").waitFor();
    await look("sign-in-error");
    await signIn(page, "mfa@inphora.example");
    await page.getByLabel("Six-digit code").waitFor();
    await look("second-factor");
    await page.getByRole("button", { name: "Sign in as someone else" }).click();
    await signIn(page, "borrower@inphora.example");
    await page.locator("[data-session-id]").first().waitFor();
    await page.getByText("Session ends").waitFor();
    await look("session");
  });
}

pageTest("the page comes with a policy that allows no inline script, style or stranger", {}, async () => {
  const policy = (await fetch(BASE_URL)).headers.get("Content-Security-Policy") ?? "";

  const sources = Object.fromEntries(policy.split(";").map((directive) => directive.trim().split(/\s+(.*)/s)));
  for (const kind of ["script-src", "style-src", "connect-src"]) assert.equal(sources[kind] ?? sources["default-src"], "'self'", kind);
  assert.equal(sources["frame-ancestors"], "'none'");
});
