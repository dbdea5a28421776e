import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { PASSWORD, alertText, enterPassword, everyLook, hasFocus, pageTest, signIn, visit, whoAmI } from "./support/browser.mjs";
import { eventsOf } from "./support/events.mjs";
import { labTest, statuses } from "./support/lab.mjs";
import { SKIP, addPerson, withoutWorker } from "./support/people.mjs";
import { settles, until } from "./support/until.mjs";

/** @typedef {import("./support/browser.mjs").Page} Page */

const REFUSED = /the server responded with a status of (401|429|503)|net::ERR_FAILED/;
const EXPORT = "**/api/auth/me/export";
const ME = "**/api/auth/me";

/** Signed in as somebody new, on the page about their data. @param {Page} page */
async function arrive(page) {
  const email = await addPerson();
  const tokens = await signIn(page, email);
  await until(() => eventsOf(tokens.session_id), (found) => found["login.succeeded"] === 1);
  await visit(page, "Your data");
  return { email, tokens };
}

/** @param {Page} page */
const prepare = (page) => page.getByRole("button", { name: "Prepare my data" }).click();

/** @param {Page} page @returns {Promise<any>} what the file holds that the page saves */
async function save(page) {
  const saving = page.waitForEvent("download");
  await page.getByRole("link", { name: "Save my-data.json" }).click();
  const download = await saving;
  assert.equal(download.suggestedFilename(), "my-data.json");
  return JSON.parse(await readFile(await download.path(), "utf8"));
}

pageTest("one's data is prepared by a worker, and saved as a file", { skip: SKIP }, async ({ page }) => {
  const { email, tokens } = await arrive(page);
  await everyLook(page, "your-data");
  await prepare(page);
  await page.getByRole("heading", { name: "Your data is ready" }).waitFor();
  await hasFocus(page.getByRole("heading", { name: "Your data is ready" }));
  await everyLook(page, "your-data-ready");
  const data = await save(page);

  assert.deepEqual([data.format, data.account.email, data.account.name], ["inphora-person-1", email, "Ada"]);
  assert.deepEqual(data.sessions.map((/** @type {any} */ { id }) => id), [tokens.session_id]);
  assert.ok(data.events.some((/** @type {any} */ { type, session_id }) => type === "login.succeeded" && session_id === tokens.session_id));
  const [prepared, kept] = await page.locator("#download dd").allInnerTexts();
  assert.notEqual(prepared, kept);
  assert.ok(Date.parse(data.kept_until) > Date.now());

  await visit(page, "Overview");
  await visit(page, "Your data");
  await prepare(page);
  assert.deepEqual(await save(page), data, "the same file for as long as it is kept");
});

pageTest("a worker that is interrupted makes it later; who leaves the page finds it there", { skip: SKIP }, async ({ page }) => {
  const { email } = await arrive(page);
  await withoutWorker(async () => {
    /** @type {number[]} */
    const asked_ms = [];
    await page.clock.install();
    page.on("request", (request) => request.url().endsWith("/me/export") && asked_ms.push(Date.now()));
    await prepare(page);
    await page.getByRole("progressbar", { name: "Preparing your data" }).waitFor();
    await page.getByText("This takes a few seconds.").waitFor();
    await everyLook(page, "your-data-preparing");
    await until(() => asked_ms, ({ length }) => length >= 3);
    const [first = 0, , third = 0] = asked_ms; // of two pauses of 2 s at least, however late a request is seen
    assert.ok(third - first >= 3000, `Retry-After is 2 s: ${asked_ms}`);

    await visit(page, "Overview");
    const { length } = asked_ms;
    await page.clock.runFor(60_000);
    await page.evaluate(() => fetch("/api/health/live")); // what was sent before it has been seen
    assert.equal(asked_ms.length, length, "nobody waits, nobody asks");
  });
  await visit(page, "Your data");
  await prepare(page);

  await page.getByRole("heading", { name: "Your data is ready" }).waitFor();
  assert.equal((await save(page)).account.email, email);
});

/** @type {[string, Parameters<import("playwright-core").Route["fulfill"]>[0] | null, RegExp][]} */
const TROUBLES = [
  ["a busy service", { status: 503, headers: { "Retry-After": "2" }, json: { code: "service_unavailable" } }, /service is busy/],
  ["too many questions", { status: 429, headers: { "Retry-After": "40" }, json: { code: "rate_limited" } }, /Try again in 40 seconds\./],
  ["no network", null, /cannot be reached/],
];
pageTest("what hinders the download is said in words, and it can be tried again", { skip: SKIP, expected: [REFUSED] }, async ({ page }) => {
  await arrive(page);
  for (const [, answer, words] of TROUBLES) {
    await page.route(EXPORT, (route) => (answer ? route.fulfill(answer) : route.abort()));
    await prepare(page);
    await until(() => page.getByRole("alert").allInnerTexts(), (texts) => texts.some((text) => words.test(text)));
    await settles(() => page.getByRole("progressbar").count(), 0);
    await page.unrouteAll();
  }
  await everyLook(page, "your-data-error");
  await prepare(page);

  await page.getByRole("heading", { name: "Your data is ready" }).waitFor();
});

pageTest("deleting wants the password and a tick, and keeps the focus meanwhile", { skip: SKIP, expected: [REFUSED] }, async ({ page }) => {
  const { tokens } = await arrive(page);
  const opener = page.getByRole("button", { name: "Delete my account…" });
  await opener.click();
  const dialog = page.getByRole("dialog", { name: "Delete your account?" });
  const password = dialog.getByLabel("Your password");
  await hasFocus(password);
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    const where = await page.evaluate(() => document.activeElement?.closest("dialog, body")?.tagName);
    assert.ok(where === "DIALOG" || (await page.evaluate(() => document.activeElement === document.body)), `focus is in ${where}`);
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await hasFocus(opener);

  await opener.press("Enter");
  await dialog.getByRole("button", { name: "Delete my account" }).click();
  await dialog.getByText("Enter your password.").waitFor();
  await dialog.getByText("Tick this to go on.").waitFor();
  await password.fill("not-the-password-at-all");
  await dialog.getByLabel("I understand").check();
  await dialog.getByRole("button", { name: "Delete my account" }).click();
  await dialog.getByText("That is not your password.").waitFor();
  await hasFocus(password);
  assert.equal(await password.getAttribute("aria-invalid"), "true");
  assert.equal(await password.evaluate((input) => document.getElementById(input.getAttribute("aria-describedby") ?? "")?.textContent), "That is not your password.");
  await everyLook(page, "delete-account");

  await page.route(ME, (route) => (route.request().method() === "DELETE" ? route.fulfill({ status: 503, json: { code: "service_unavailable" } }) : route.continue()));
  await password.fill(PASSWORD);
  await password.press("Enter");
  assert.match(await alertText(page), /service is busy/);
  await dialog.getByRole("button", { name: "Keep my account" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(await whoAmI(tokens.access_token), [200, undefined]);
});

pageTest("a deleted account is signed out in all tabs, and nobody signs in with it any more", { skip: SKIP, expected: [REFUSED] }, async ({ page }) => {
  const { email, tokens } = await arrive(page);
  const other = await page.context().newPage();
  await other.goto("/");
  await other.getByRole("heading", { name: "Hello, Ada", level: 1 }).waitFor();
  const before_ms = Date.now();
  await deleteAccount(page);
  await page.getByRole("heading", { name: "Your account is deleted", level: 1 }).waitFor();
  await other.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  assert.equal(await other.locator("#notice").count(), 0, "told by this tab, before the service refused it anything");
  await everyLook(page, "farewell");
  const at_ms = Date.parse((await page.locator("time").getAttribute("datetime")) ?? "");
  assert.ok(before_ms - 1000 <= at_ms && at_ms <= Date.now() + 1000, `${at_ms}`); // to the second

  assert.deepEqual(await whoAmI(tokens.access_token), [401, "token_revoked"]);
  await page.getByRole("button", { name: "Go to sign-in" }).click();
  await enterPassword(page, email, PASSWORD);
  assert.match(await alertText(page), /do not match an account/);
});

pageTest("with a time of grace one is told when it ends; whoever signs in then sees no more of it", { skip: SKIP }, async ({ page }) => {
  await arrive(page);
  const erasure = { status: "scheduled", erase_at: "2031-05-06T12:00:00Z" };
  await page.route(ME, (route) => (route.request().method() === "DELETE" ? route.fulfill({ status: 202, json: erasure }) : route.continue()));
  await deleteAccount(page);
  await page.getByRole("heading", { name: "Your account will be deleted", level: 1 }).waitFor();
  await page.getByText("6 May 2031").waitFor();
  await everyLook(page, "farewell-grace");

  const other = await page.context().newPage();
  await other.goto("/");
  await signIn(other, "borrower@inphora.example");
  await page.getByRole("heading", { name: "Your data", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
});

labTest("in cookie mode one's data and its deletion are a request away, and the cookie goes", { skip: SKIP }, async ({ open, login, context }) => {
  const email = await addPerson();
  const [page, other] = [await open({ storage: "cookie" }), await open({ storage: "cookie" })];
  await login(page, email);
  await settles(() => statuses([other]), ["authenticated"]);
  const ask = () => page.evaluate(() => window.auth.fetch("/api/auth/me/export").then(async (answer) => [answer.status, await answer.json()]));
  const [, archive] = await until(ask, ([status]) => status === 200);
  assert.equal(archive.account.email, email);

  const left = await page.evaluate(async (password) => {
    const answer = await window.auth.fetch("/api/auth/me", { method: "DELETE", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ password }) });
    await window.auth.logout();
    return answer.json();
  }, PASSWORD);
  assert.equal(left.status, "erased");
  await settles(() => statuses([page, other]), ["anonymous", "anonymous"]);
  assert.deepEqual((await context.cookies()).filter(({ name }) => name.endsWith("inphora_refresh")), []);
});

/** @param {Page} page */
async function deleteAccount(page) {
  await page.getByRole("button", { name: "Delete my account…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Your password").fill(PASSWORD);
  await dialog.getByLabel("I understand").check();
  await dialog.getByRole("button", { name: "Delete my account" }).click();
}
