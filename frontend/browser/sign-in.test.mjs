import assert from "node:assert/strict";

import { alertText, enterPassword, pageTest, signIn, whoAmI } from "./support/browser.mjs";

const UNAUTHORIZED = /the server responded with a status of 401/;

pageTest("a borrower signs in, sees the session, refreshes it and signs out", {}, async ({ page }) => {
  const first = await signIn(page, "borrower@inphora.example");
  await page.locator("#profile").getByText("borrower@inphora.example").waitFor();
  await page.locator("#profile").getByText("Password", { exact: true }).waitFor(); // of GET /me
  await page.locator(`[data-session-id="${first.session_id}"]`).getByText("This device").waitFor();

  const before = Number(await page.locator("#seconds-left").innerText());
  await page.waitForFunction((then) => Number(document.getElementById("seconds-left")?.textContent) <= then - 2, before);

  const refreshed = page.waitForResponse("**/api/auth/refresh");
  await page.getByRole("button", { name: "Refresh now" }).click();
  const second = await (await refreshed).json();
  await page.getByText("Access token renewed.").waitFor();
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.deepEqual(await whoAmI(second.access_token), [200, undefined]);

  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByText("You have signed out.").waitFor();
  assert.deepEqual(await whoAmI(second.access_token), [401, "token_revoked"]);
  assert.deepEqual(await whoAmI(first.access_token), [401, "token_revoked"]);
});

pageTest("a wrong password is announced, and the password is ready to be typed again", { expected: [UNAUTHORIZED] }, async ({ page }) => {
  await enterPassword(page, "auditor@inphora.example", "not-the-password-at-all");

  assert.match(await alertText(page), /do not match an account/);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "field-password");
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Sign in");
});

pageTest("empty fields are marked, and nothing is sent", {}, async ({ page }) => {
  let requests = 0;
  page.on("request", (request) => (requests += Number(request.url().includes("/api/"))));
  await page.getByRole("button", { name: "Sign in" }).click();

  await page.getByText("Enter your password.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "field-email");
  assert.equal(await page.getByLabel("E-mail address").getAttribute("aria-invalid"), "true");
  assert.equal(requests, 0);
});

pageTest("an address that cannot be one is marked", { expected: [/status of 422/] }, async ({ page }) => {
  await enterPassword(page, "borrower", "x");

  assert.match(await alertText(page), /marked below/);
  await page.getByText("Enter a complete e-mail address").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "field-email");
});

pageTest("the keyboard is enough to sign in and out", {}, async ({ page }) => {
  await page.keyboard.type("borrower@inphora.example");
  await page.keyboard.press("Tab");
  await page.keyboard.type("demo-only-not-secret-42");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your session", level: 1 }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1");

  await page.getByRole("button", { name: "Sign out", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("You have signed out.").waitFor();
});

pageTest("password managers find what they look for", {}, async ({ page }) => {
  const fields = await page.locator("form input:not([type=checkbox])").evaluateAll((inputs) =>
    inputs.map((input) => [input.getAttribute("type"), input.getAttribute("autocomplete")]),
  );

  assert.deepEqual(fields, [["email", "username"], ["password", "current-password"]]);
});

pageTest("a reload forgets the tokens, and nothing of them was kept in the browser", {}, async ({ page }) => {
  await signIn(page, "borrower@inphora.example");
  const kept = () => page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie.length]);
  assert.deepEqual(await kept(), [0, 0, 0]);
  await page.reload();

  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
});
