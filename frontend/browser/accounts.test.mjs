import assert from "node:assert/strict";
import { describe } from "node:test";

import { PASSWORD, accessibilityFaults, alertText, enterPassword, everyLook, pageTest, signIn, visit, whoAmI } from "./support/browser.mjs";
import { linkIn } from "./support/mails.mjs";
import { SKIP, addPerson } from "./support/people.mjs";
import { totp } from "./support/totp.mjs";
import { settles, until } from "./support/until.mjs";

/** @typedef {import("./support/browser.mjs").Page} Page */

const REFUSED = /the server responded with a status of (400|401|403|409|422|429)/;
const OTHER = "another-choice-of-words-9";

/** Goes to an address of this page, as a link in a mail does. @param {Page} page @param {string} address */
async function follow(page, address) {
  await page.goto(address);
  await page.getByRole("heading", { level: 1 }).waitFor();
}

/** Turns two-factor sign-in on. @param {Page} page @returns {Promise<string[]>} recovery codes */
async function turnOn(page) {
  await visit(page, "Security");
  await page.getByRole("button", { name: "Set up two-factor" }).click();
  const secret = await page.locator(".secret").innerText();
  await page.getByLabel("Six-digit code").fill(totp(secret, Date.now()));
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByRole("heading", { name: "Save your recovery codes" }).waitFor();
  return page.locator("#recovery-codes li").allInnerTexts();
}

describe("accounts", { concurrency: 3, skip: SKIP }, () => {
  pageTest("somebody registers, confirms the address by a mail, and signs in", { expected: [REFUSED] }, async ({ page }) => {
    const email = `grace.${crypto.randomUUID().slice(0, 8)}@people.example`;
    await page.getByRole("link", { name: "Create an account" }).click();
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Name (optional)").fill("Grace");
    await page.getByLabel("Password", { exact: true }).fill("too short");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByText("This needs 6 more characters.").waitFor();
    await page.getByLabel("Password", { exact: true }).fill(email);
    await page.getByRole("button", { name: "Create account" }).click();
    assert.match(await alertText(page), /marked below/);
    assert.equal(await page.locator(".field-error").count(), 1, "the service's own reason");
    await everyLook(page, "register");
    await page.getByLabel("Password", { exact: true }).fill(OTHER);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Check your mail" }).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);

    await follow(page, await linkIn(email, "/verify"));
    assert.doesNotMatch(page.url(), /token/);
    await page.getByRole("button", { name: "Confirm and create my account" }).click();
    await page.getByRole("heading", { name: "Your account is ready" }).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.getByRole("link", { name: "Go to sign-in" }).click();
    await enterPassword(page, email, OTHER);
    await page.getByRole("heading", { name: "Hello, Grace", level: 1 }).waitFor();
  });

  pageTest("a forgotten password is chosen anew, once, and every device is signed out", { expected: [REFUSED] }, async ({ page, open }) => {
    const email = await addPerson();
    const old = await signIn(page, email);
    const phone = await open();
    await phone.getByRole("link", { name: "Forgot your password?" }).click();
    await phone.getByLabel("E-mail address").fill(email);
    await phone.getByRole("button", { name: "Send me a link" }).click();
    await phone.getByRole("heading", { name: "Check your mail" }).waitFor();

    const link = await linkIn(email, "/reset");
    await follow(phone, link);
    assert.deepEqual(await accessibilityFaults(phone), []);
    await phone.getByLabel("New password").fill("password password");
    await phone.getByRole("button", { name: "Change password" }).click();
    assert.match(await alertText(phone), /marked below/);
    await phone.getByLabel("New password").fill(OTHER);
    await phone.getByRole("button", { name: "Change password" }).click();
    await phone.getByRole("heading", { name: "Your password is changed" }).waitFor();
    assert.deepEqual(await whoAmI(old.access_token), [401, "token_revoked"]);

    await follow(phone, "/forgot");
    await follow(phone, link);
    await phone.getByLabel("New password").fill(`${OTHER}0`);
    await phone.getByRole("button", { name: "Change password" }).click();
    await phone.getByRole("heading", { name: "This link does not work" }).waitFor();
    assert.deepEqual(await accessibilityFaults(phone), []);
    await phone.getByRole("link", { name: "Go to sign-in" }).click();
    await enterPassword(phone, email, OTHER);
    await phone.getByRole("heading", { name: /^Hello/, level: 1 }).waitFor();
  });

  pageTest("a step that wants more asks for it once, and goes on; who would rather not changes nothing", { expected: [REFUSED] }, async ({ page }) => {
    const email = await addPerson();
    const { session_id } = await signIn(page, email);
    const [first = "", second = ""] = await turnOn(page);
    const saving = page.waitForEvent("download");
    await page.getByRole("link", { name: "Save as a file" }).click();
    assert.equal((await saving).suggestedFilename(), "recovery-codes.txt");
    await page.getByRole("button", { name: "I have saved them" }).click();
    await page.getByText("You have 10 recovery codes left.").waitFor();

    await page.getByRole("button", { name: "Change e-mail address…" }).click();
    await page.getByLabel("New e-mail address").fill(`new.${email}`);
    await page.locator("#who").getByLabel("Your password").fill(PASSWORD);
    await page.getByRole("button", { name: "Send a link there" }).click();
    const dialog = page.getByRole("dialog", { name: "Confirm it is you" });
    await dialog.waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await page.getByRole("alert").filter({ hasText: /\S/ }).count(), 0);
    assert.equal(await page.getByLabel("New e-mail address").inputValue(), `new.${email}`);

    await page.getByRole("button", { name: "Send a link there" }).click();
    await dialog.getByLabel("Your password").fill("not-the-password-at-all");
    await dialog.getByLabel("Code", { exact: true }).fill(first);
    await dialog.getByRole("button", { name: "Confirm" }).click();
    await dialog.getByText("That is not your password.").waitFor();
    await dialog.getByLabel("Your password").fill(PASSWORD);
    const proven = page.waitForResponse("**/api/auth/step-up");
    await dialog.getByRole("button", { name: "Confirm" }).click();
    const tokens = await (await proven).json();
    await page.getByText(`We have sent a link to new.${email}.`).waitFor();
    assert.notEqual(tokens.session_id, session_id);

    await follow(page, await linkIn(`new.${email}`, "/verify-email"));
    await page.getByRole("button", { name: "Use this address" }).click();
    await page.getByRole("heading", { name: "Your address is changed" }).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.notEqual(second, first);
  });

  pageTest("a trusted browser is asked for no code, until it is trusted no more; off needs both factors", { expected: [REFUSED] }, async ({ page, open }) => {
    const email = await addPerson();
    await signIn(page, email);
    const codes = await turnOn(page);
    const phone = await open();
    await signIn(phone, email);
    await phone.getByRole("button", { name: "Use a recovery code instead" }).click();
    await phone.getByLabel("Recovery code").fill(codes[0] ?? "");
    await phone.getByLabel("Do not ask for a code in this browser for 30 days").check();
    await phone.getByRole("button", { name: "Continue" }).click();
    await phone.getByRole("heading", { name: /^Hello/, level: 1 }).waitFor();
    await phone.getByRole("button", { name: "Sign out", exact: true }).click();
    assert.ok((await signIn(phone, email)).access_token, "no second step");

    await visit(phone, "Security");
    await phone.getByText("You have 9 recovery codes left.").waitFor();
    await everyLook(phone, "security-two-factor");
    await phone.locator("#trusted").getByRole("button", { name: /^Remove/ }).click();
    await phone.getByText("That browser is asked for a code again.").waitFor();
    await phone.getByRole("button", { name: "Sign out", exact: true }).click();
    await phone.getByText("You have signed out.").waitFor();
    assert.equal((await signIn(phone, email)).mfa_required, true);

    await page.getByRole("button", { name: "I have saved them" }).click();
    await page.getByRole("button", { name: "Turn off…" }).click();
    const dialog = page.getByRole("dialog", { name: "Turn two-factor sign-in off?" });
    await dialog.getByLabel("Your password").fill(PASSWORD);
    await dialog.getByLabel("Code", { exact: true }).fill(codes[1] ?? "");
    await dialog.getByLabel("Sign out my other devices, too").check();
    assert.deepEqual(await accessibilityFaults(page), []);
    await dialog.getByRole("button", { name: "Turn it off" }).click();
    await page.getByRole("button", { name: "Set up two-factor" }).waitFor();
  });

  pageTest("a name and a password are changed; other devices are signed out", { expected: [REFUSED] }, async ({ page }) => {
    const email = await addPerson();
    await signIn(page, email);
    await visit(page, "Security");
    await page.getByRole("heading", { name: "Account security", level: 1 }).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.getByRole("button", { name: "Change name…" }).click();
    await page.getByLabel("Your name").fill("Augusta");
    await page.getByRole("button", { name: "Change name", exact: true }).click();
    await page.locator("#who").getByText("Augusta").waitFor();

    await page.getByRole("button", { name: "Change password…" }).click();
    await page.getByLabel("Current password").fill("not-the-password-at-all");
    await page.getByLabel("New password").fill(OTHER);
    await page.getByRole("button", { name: "Change password", exact: true }).click();
    await page.getByText("That is not your password.").waitFor();
    await page.getByLabel("Current password").fill(PASSWORD);
    await page.getByRole("button", { name: "Change password", exact: true }).click();
    await page.getByText("Your password is changed.").waitFor();
    await settles(() => page.evaluate(() => document.activeElement?.textContent), "Change password…");
  });

  pageTest("a lock counts down, and where accounts are not made nobody is sent to make one", { expected: [REFUSED] }, async ({ page }) => {
    await page.route("**/api/auth/login", (route) => route.fulfill({ status: 429, headers: { "Retry-After": "65" }, contentType: "application/problem+json", body: '{"code":"account_locked"}' }));
    await enterPassword(page, "ada@people.example", "any password at all");
    assert.match(await alertText(page), /Too many attempts for this account. Try again in 65 seconds/);
    await until(() => page.getByRole("timer").innerText(), (text) => /in (1:0[0-4]|0:\d\d)\.$/.test(text));
    assert.deepEqual(await accessibilityFaults(page), []);

    const settings = { product: "Inphora", registration: "closed", email_verification: true, password_min_length: 15, password_min_length_with_mfa: 8, trusted_device_days: 0, passkeys: true };
    await page.route("**/api/auth/settings", (route) => route.fulfill({ json: settings }));
    await follow(page, "/register");
    await page.getByRole("heading", { name: "New accounts are not made here" }).waitFor();
    await page.getByRole("link", { name: "Go to sign-in" }).click();
    await page.getByRole("link", { name: "Forgot your password?" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Create an account" }).count(), 0);
  });
});
