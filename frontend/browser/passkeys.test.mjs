import assert from "node:assert/strict";

import { BASE_URL, PASSWORD, accessibilityFaults, alertText, enterPassword, pageTest, signIn, visit } from "./support/browser.mjs";
import { SKIP, addPerson } from "./support/people.mjs";
import { totp } from "./support/totp.mjs";

/** @typedef {import("./support/browser.mjs").Page} Page */

/** A passkey belongs to a name, never to an address. */
const baseURL = BASE_URL.replace("127.0.0.1", "localhost");
const REFUSED = /the server responded with a status of (401|403)/;

/** Gives the page's browser an authenticator of its own, as of a phone or laptop. @param {Page} page */
async function addAuthenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return {
    /** Whether its owner shows their finger. @param {boolean} isUserVerified */
    verifies: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    /** Whether its owner is there at all. @param {boolean} enabled */
    answers: (enabled) => devtools.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled }),
    credentials: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
  };
}

/** @param {Page} page */
async function signOut(page) {
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
}

/** @param {Page} page */
async function addPasskey(page) {
  await visit(page, "Security");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("not used yet").waitFor();
}

/** @param {Page} page */
const signInByPasskey = (page) => page.getByRole("button", { name: "Sign in with a passkey" }).click();

pageTest("a passkey is added, signs in, is renamed and removed", { baseURL, skip: SKIP, expected: [REFUSED] }, async ({ page }) => {
  const authenticator = await addAuthenticator(page);
  await authenticator.answers(false); // nothing may sign in by itself here
  await signIn(page, await addPerson());
  await authenticator.answers(true);
  await addPasskey(page);
  assert.deepEqual((await authenticator.credentials()).map(({ rpId, isResidentCredential }) => [rpId, isResidentCredential]), [["localhost", true]]);
  assert.deepEqual(await accessibilityFaults(page), []);

  await page.getByRole("button", { name: "Add a passkey" }).click(); // the same authenticator again
  assert.match(await alertText(page), /already/);

  await authenticator.answers(false);
  await signOut(page);
  assert.deepEqual(await accessibilityFaults(page), []);
  await authenticator.answers(true);
  await signInByPasskey(page);
  await page.getByText("used just now").waitFor(); // where one had been
  await visit(page, "Overview");
  await page.getByText("Passkey", { exact: true }).waitFor();

  await visit(page, "Security");
  await page.getByRole("button", { name: /^Rename passkey/ }).click();
  await page.getByLabel("Name of this passkey").fill("Blue laptop");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Remove passkey: Blue laptop" }).click();
  await page.getByRole("button", { name: /^Remove passkey/ }).waitFor({ state: "detached" });

  await authenticator.answers(false);
  await signOut(page);
  await authenticator.answers(true);
  await signInByPasskey(page); // the authenticator still has it
  assert.match(await alertText(page), /not accepted/);
});

pageTest("a passkey is picked where the browser offers it, beside the e-mail address", { baseURL, skip: SKIP }, async ({ page }) => {
  const authenticator = await addAuthenticator(page);
  await signIn(page, await addPerson());
  await addPasskey(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();

  await page.getByText("used just now").waitFor(); // the virtual one's owner picks it at once
  assert.equal((await authenticator.credentials()).length, 1);
});

pageTest("who closes the browser's dialog is told nothing, and may try again", { baseURL, skip: SKIP }, async ({ page }) => {
  const authenticator = await addAuthenticator(page);
  await signIn(page, await addPerson());
  await authenticator.verifies(false);
  await visit(page, "Security");
  const add = page.getByRole("button", { name: "Add a passkey" });
  await add.click();
  await page.getByRole("button", { name: "Follow your browser…" }).waitFor({ state: "detached" });
  await add.waitFor();
  assert.equal(await page.getByRole("alert").filter({ hasText: /\S/ }).count(), 0);

  await authenticator.verifies(true);
  await addPasskey(page);
});

pageTest("a passkey is a second factor", { baseURL, skip: SKIP }, async ({ page }) => {
  const authenticator = await addAuthenticator(page);
  const email = await addPerson();
  await signIn(page, email);
  await addPasskey(page);
  await page.getByRole("button", { name: "Set up two-factor" }).click();
  const secret = await page.locator(".secret").innerText();
  await page.getByLabel("Six-digit code").fill(totp(secret, Date.now()));
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByRole("button", { name: "I have saved them" }).click();

  await authenticator.answers(false);
  await signOut(page);
  await enterPassword(page, email, PASSWORD);
  await page.getByLabel("Six-digit code").waitFor();
  await authenticator.answers(true);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.getByText("used just now").waitFor();
  await visit(page, "Overview");
  await page.getByText("Password and passkey").waitFor();
});

pageTest("at an address without a name there are no passkeys, and the page says so", {}, async ({ page }) => {
  await signInByPasskey(page);
  assert.match(await alertText(page), /do not work at this address/);
});
