import assert from "node:assert/strict";
import { describe } from "node:test";

import { PASSWORD, accessibilityFaults, enterPassword, everyLook, pageTest, signIn, visit, whoAmI } from "./support/browser.mjs";
import { eventsOf } from "./support/events.mjs";
import { SKIP, addPerson } from "./support/people.mjs";
import { settles, until } from "./support/until.mjs";

/** @typedef {import("./support/browser.mjs").Page} Page */

const REFUSED = /the server responded with a status of (401|403|404)/;

/** An administrator, looking for somebody. @param {Page} page @param {string} email */
async function find(page, email) {
  await signIn(page, "admin@inphora.example");
  await visit(page, "People");
  await page.getByLabel("Address or name begins with").pressSequentially(email.slice(0, 12));
  await page.waitForURL(`**/admin?q=${email.slice(0, 12)}`);
  await page.getByRole("link", { name: email }).click();
  await page.getByRole("heading", { name: email, level: 1 }).waitFor();
}

describe("administration", { concurrency: 2, skip: SKIP }, () => {
  pageTest("somebody locked is signed out at once in another browser, and the timeline says why", { expected: [REFUSED] }, async ({ page, open }) => {
    const email = await addPerson();
    const there = await open();
    const tokens = await signIn(there, email);
    await visit(there, "Devices");
    await there.locator("[data-session-id]").first().waitFor();
    await until(() => eventsOf(tokens.session_id), (found) => found["login.succeeded"] === 1);

    await find(page, email);
    assert.match(page.url(), /\/admin\/users\/[\w-]+$/);
    await page.getByText("Signed in", { exact: true }).first().waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.getByRole("button", { name: "Lock…" }).click();
    const dialog = page.getByRole("dialog", { name: "Lock this account?" });
    await dialog.getByRole("button", { name: "Lock" }).click();
    await dialog.getByText("Say why.").waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await dialog.getByLabel("Reason").fill("ticket 4711");
    await dialog.getByRole("button", { name: "Lock" }).click();
    await page.getByText("The account is locked.").waitFor();
    assert.deepEqual(await whoAmI(tokens.access_token), [401, "token_revoked"]);
    await there.getByRole("button", { name: "Update list" }).click();
    await there.getByText("Your session was ended").waitFor();

    await page.locator(`[data-session-id="${tokens.session_id}"]`).getByRole("link", { name: /^What happened/ }).click();
    await page.locator("#why").getByText("because an administrator locked or disabled the account").waitFor();
    await until(() => eventsOf(tokens.session_id), (found) => Object.keys(found).some((type) => type.startsWith("session.")));
    await page.reload();
    await page.locator(".timeline li").nth(1).waitFor();
    await page.locator(".timeline").getByText("Signed in by pwd on Chrome").waitFor();
    await everyLook(page, "admin-timeline");

    await page.getByRole("link", { name: "Its owner" }).click();
    await page.getByRole("button", { name: "Unlock…" }).click();
    await page.getByLabel("Reason").fill("ticket 4711 is done");
    await page.getByRole("button", { name: "Unlock", exact: true }).click();
    await page.getByText("The account is unlocked.").waitFor();
    await enterPassword(there, email, PASSWORD);
    await there.getByRole("heading", { name: "Your devices", level: 1 }).waitFor();
  });

  pageTest("people are looked for as one types; where one is stands in the address, and the browser's back finds it again", {}, async ({ page }) => {
    const email = await addPerson();
    await find(page, email);
    await page.goBack();
    const field = page.getByLabel("Address or name begins with");
    await settles(() => field.inputValue(), email.slice(0, 12));
    await page.getByRole("link", { name: email }).waitFor();
    await page.getByLabel("Status").selectOption("disabled");
    await page.getByText("Nobody is like that.").waitFor();
    await page.reload();
    await page.getByText("Nobody is like that.").waitFor();
    await settles(() => page.getByLabel("Status").inputValue(), "disabled");

    await page.getByLabel("Status").selectOption("");
    await field.fill("");
    await page.getByRole("link", { name: "admin@inphora.example" }).waitFor();
    await everyLook(page, "admin-people");
  });

  pageTest("an account is made, given a role and shut; the last administrator is not", { expected: [REFUSED, /status of 409/] }, async ({ page }) => {
    const email = `new.${crypto.randomUUID().slice(0, 8)}@people.example`;
    await signIn(page, "admin@inphora.example");
    await visit(page, "People");
    await page.getByRole("button", { name: "Add a person…" }).click();
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Role analyst").check();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByRole("heading", { name: email, level: 1 }).waitFor();
    await page.getByRole("button", { name: "Change roles…" }).click();
    await page.getByLabel("Role analyst").uncheck();
    await page.getByLabel("Role auditor").check();
    await page.getByLabel("Reason").fill("moved");
    await page.getByRole("button", { name: "Change roles", exact: true }).click();
    await page.locator("#account").getByText("auditor").waitFor();

    await page.getByRole("link", { name: "All people" }).click();
    await page.getByLabel("Address or name begins with").fill("admin@inphora");
    await page.getByRole("link", { name: "admin@inphora.example" }).click();
    await page.getByRole("button", { name: "Disable…" }).click();
    await page.getByLabel("Reason").fill("a mistake");
    await page.getByRole("button", { name: "Disable", exact: true }).click();
    await page.getByRole("alert").getByText("last administrator").waitFor();
  });

  pageTest("others are told plainly that this is not for them, and the service is not even asked", {}, async ({ page }) => {
    await signIn(page, await addPerson());
    assert.equal(await page.getByRole("link", { name: "People" }).count(), 0);
    /** @type {string[]} */
    const asked = [];
    page.on("request", (request) => void asked.push(request.url()));
    await page.goto("/admin");
    await page.getByRole("heading", { name: "This page is for administrators" }).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.deepEqual(asked.filter((url) => url.includes("/api/admin/")), []);
  });
});
