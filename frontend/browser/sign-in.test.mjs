import assert from "node:assert/strict";

import { alertText, enterPassword, hasFocus, pageTest, signIn, visit, whoAmI } from "./support/browser.mjs";

const UNAUTHORIZED = /the server responded with a status of 401/;

pageTest("a borrower signs in, sees the account, and signs out", {}, async ({ page }) => {
  const tokens = await signIn(page, "borrower@inphora.example");
  await page.locator("#profile").getByText("borrower@inphora.example").waitFor();
  await page.locator("#profile").getByText("Password", { exact: true }).waitFor(); // of GET /me
  await page.getByRole("slider", { name: "Amount" }).fill("20000");
  await page.getByText("€20,000").waitFor();

  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByText("You have signed out.").waitFor();
  assert.deepEqual(await whoAmI(tokens.access_token), [401, "token_revoked"]);
});

pageTest("a wrong password is announced, and the password is ready to be typed again", { expected: [UNAUTHORIZED] }, async ({ page }) => {
  await enterPassword(page, "auditor@inphora.example", "not-the-password-at-all");

  assert.match(await alertText(page), /do not match an account/);
  await hasFocus(page.getByLabel("Password", { exact: true }));
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Sign in");
});

pageTest("empty fields are marked, and nothing is sent", {}, async ({ page }) => {
  let requests = 0;
  page.on("request", (request) => (requests += Number(request.url().includes("/api/"))));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();

  await page.getByText("Enter your password.").waitFor();
  await hasFocus(page.getByLabel("E-mail address"));
  assert.equal(await page.getByLabel("E-mail address").getAttribute("aria-invalid"), "true");
  assert.equal(requests, 0);
});

pageTest("an address that cannot be one is marked", { expected: [/status of 422/] }, async ({ page }) => {
  await enterPassword(page, "borrower", "x");

  assert.match(await alertText(page), /marked below/);
  await page.getByText("Enter a complete e-mail address").waitFor();
  await hasFocus(page.getByLabel("E-mail address"));
});

pageTest("the keyboard is enough to sign in and out", {}, async ({ page }) => {
  await page.keyboard.type("borrower@inphora.example");
  await page.keyboard.press("Tab");
  await page.keyboard.type("demo-only-not-secret-42");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /^Hello/, level: 1 }).waitFor();
  await hasFocus(page.getByRole("heading", { level: 1 }));

  await page.getByRole("button", { name: "Sign out", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("You have signed out.").waitFor();
});

pageTest("password managers find what they look for", {}, async ({ page }) => {
  const fields = await page.locator("form input:not([type=checkbox])").evaluateAll((inputs) =>
    inputs.map((input) => [input.getAttribute("type"), input.getAttribute("autocomplete")]),
  );

  assert.deepEqual(fields, [["email", "username webauthn"], ["password", "current-password"]]);
});

pageTest("a reload, and another tab, find the session on the page that was open", {}, async ({ page }) => {
  await signIn(page, "borrower@inphora.example");
  await visit(page, "Devices");
  await page.reload();
  await page.getByRole("heading", { name: "Your devices", level: 1 }).waitFor();

  const tab = await page.context().newPage();
  await tab.goto("/#/security");
  await tab.getByRole("heading", { name: "Account security", level: 1 }).waitFor();
  await tab.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor(); // how soon: tabs.test.mjs
});

pageTest("a sign-out that the service could not be told still holds here", { expected: [/ERR_INTERNET_DISCONNECTED/] }, async ({ page }) => {
  await signIn(page, "borrower@inphora.example");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();

  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  await page.getByText("the service could not be told").waitFor();
});
