import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { PASSWORD, alertText, everyLook, pageTest, signIn, visit } from "./support/browser.mjs";
import { keptIn, labTest } from "./support/lab.mjs";
import { totp } from "./support/totp.mjs";

/** @typedef {import("./support/browser.mjs").Page} Page */

const DEMO_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const REFUSED = /the server responded with a status of (401|422)/;
const STEP_MS = 30_000;

/** Types the code of now; should an earlier run have spent it, that of the next step. @param {Page} page @param {string} secret */
async function enterTotp(page, secret) {
  for (const attempt of [1, 2]) {
    const answer = page.waitForResponse("**/api/auth/verify-2fa");
    await page.getByLabel("Six-digit code").fill(totp(secret, Date.now()));
    await page.getByRole("button", { name: "Continue" }).click();
    if ((await answer).ok()) return;
    assert.equal(attempt, 1, "the codes of two steps were refused");
    await sleep(STEP_MS - (Date.now() % STEP_MS) + 500);
  }
}

pageTest("a code of the authenticator completes the sign-in", { expected: [REFUSED] }, async ({ page }) => {
  const challenge = await signIn(page, "mfa@inphora.example");
  assert.equal(challenge.access_token, undefined);
  await enterTotp(page, DEMO_SECRET);

  await page.getByText("Password and authenticator code").waitFor();
  await visit(page, "Security");
  await page.getByText("Signing in asks for a code").waitFor();
});

pageTest("a wrong code is announced, and one can start over", { expected: [REFUSED] }, async ({ page }) => {
  await signIn(page, "mfa@inphora.example");
  await page.getByRole("button", { name: "Use a recovery code instead" }).click();
  assert.equal(await page.getByLabel("Recovery code").evaluate((input) => input === document.activeElement), true);
  await page.getByLabel("Recovery code").fill("AAAAAA-AAAAAA-AAAAAA-AAAAAA");
  await page.getByRole("button", { name: "Continue" }).click();
  assert.match(await alertText(page), /not accepted/);

  await page.getByRole("button", { name: "Sign in as someone else" }).click();
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
});

pageTest("a challenge that is over is said where one can see it", { expected: [REFUSED] }, async ({ page }) => {
  await signIn(page, "mfa@inphora.example");
  await page.route("**/api/auth/verify-2fa", (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"code":"mfa_token_invalid"}' }));
  await page.getByLabel("Six-digit code").fill("123456");
  await page.getByRole("button", { name: "Continue" }).click();

  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  await page.getByRole("status").getByText("That sign-in took too long").waitFor();
});

labTest("in cookie mode a second factor ends in a cookie", { timeout: 90_000 }, async ({ open, context }) => {
  const page = await open({ storage: "cookie" });
  const begun = await page.evaluate((password) => window.go(() => window.auth.login({ email: "mfa@inphora.example", password })), PASSWORD);
  assert.equal(begun.error?.kind, "mfa_required");
  const verify = () => page.evaluate((code) => window.go(() => window.auth.verify2fa({ code })), totp(DEMO_SECRET, Date.now()));
  let done = await verify();
  if (done.error) {
    await sleep(STEP_MS - (Date.now() % STEP_MS) + 500); // an earlier test spent the code
    done = await verify();
  }
  assert.equal(done.value?.status, "authenticated");
  assert.ok((await context.cookies()).some(({ httpOnly, name }) => httpOnly && name.endsWith("inphora_refresh")));
  assert.doesNotMatch(await keptIn(page), /rt_|eyJ/);

  await page.reload();
  await page.waitForFunction(() => window.auth?.getState().status === "authenticated");
});

pageTest("setting up shows the code as an image, and can be put off", {}, async ({ page }) => {
  await signIn(page, "borrower@inphora.example");
  await visit(page, "Security");
  await page.getByRole("button", { name: "Set up two-factor" }).click();
  const image = page.getByRole("img", { name: "QR code for your authenticator app" });
  await image.waitFor();
  assert.match((await image.getAttribute("src")) ?? "", /^data:image\/svg\+xml/);
  assert.ok(await image.evaluate((img) => /** @type {HTMLImageElement} */ (img).decode().then(() => true)));

  await page.getByRole("button", { name: "Not now" }).click();
  await page.getByRole("button", { name: "Set up two-factor" }).waitFor();
});

pageTest(
  "turning two-factor on gives recovery codes once, and one of them signs in",
  { expected: [REFUSED], skip: process.env.OWN_SERVICE === "yes" ? false : "would change a demo user of the service given" },
  async ({ page, open }) => {
    await signIn(page, "auditor@inphora.example");
    await visit(page, "Security");
    await page.getByRole("button", { name: "Set up two-factor" }).click();
    const secret = await page.locator(".secret").innerText();
    await page.getByLabel("Six-digit code").fill("12345");
    await page.getByRole("button", { name: "Turn on" }).click();
    assert.match(await alertText(page), /marked below/);
    assert.equal(await page.getByLabel("Six-digit code").getAttribute("aria-invalid"), "true");
    await everyLook(page, "two-factor-field-error");

    await page.getByLabel("Six-digit code").fill(totp(secret, Date.now()));
    await page.getByRole("button", { name: "Turn on" }).click();
    await page.getByRole("heading", { name: "Save your recovery codes" }).waitFor();
    const codes = await page.locator("#recovery-codes li").allInnerTexts();
    assert.equal(new Set(codes).size, 10);
    await everyLook(page, "recovery-codes");
    await page.getByRole("button", { name: "I have saved them" }).click();
    await page.getByText("Signing in asks for a code").waitFor();
    await everyLook(page, "two-factor-on");
    assert.equal(await page.locator("#recovery-codes").count(), 0);

    const phone = await open();
    await signIn(phone, "auditor@inphora.example");
    await phone.getByRole("button", { name: "Use a recovery code instead" }).click();
    await phone.getByLabel("Recovery code").fill(` ${codes[0]} `);
    await phone.getByRole("button", { name: "Continue" }).click();
    await phone.getByText("Password and recovery code").waitFor();
  },
);
