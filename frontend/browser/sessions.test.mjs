import assert from "node:assert/strict";

import { BASE_URL, PASSWORD, everyLook, pageTest, signIn, visit, whoAmI } from "./support/browser.mjs";
import { SKIP, addPerson } from "./support/people.mjs";

const UNAUTHORIZED = /the server responded with a status of 401/;

/** A session of the same person, without a page. @param {string} email @returns {Promise<{ access_token: string, session_id: string }>} */
async function elsewhere(email) {
  const answer = await fetch(`${BASE_URL}/api/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password: PASSWORD, device_name: "<img src=x onerror=alert(1)> tablet" }),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}

pageTest("another device is listed as text and can be ended", { skip: SKIP }, async ({ page }) => {
  const email = await addPerson();
  const other = await elsewhere(email);
  await signIn(page, email);
  await visit(page, "Devices");
  const row = page.locator(`[data-session-id="${other.session_id}"]`);
  await row.getByText("<img src=x onerror=alert(1)> tablet").waitFor();
  await row.getByRole("button").click();
  await page.getByText("Session ended.").waitFor();

  await row.waitFor({ state: "detached" });
  assert.deepEqual(await whoAmI(other.access_token), [401, "token_revoked"]);
});

pageTest("signing out other devices leaves this one", { skip: SKIP }, async ({ page }) => {
  const email = await addPerson();
  const other = await elsewhere(email);
  const own = await signIn(page, email);
  await visit(page, "Devices");
  await page.getByRole("button", { name: "Sign out other devices" }).click();
  await page.getByText("Your other devices are signed out.").waitFor();

  assert.deepEqual(await whoAmI(other.access_token), [401, "token_revoked"]);
  assert.deepEqual(await whoAmI(own.access_token), [200, undefined]);
});

pageTest("signing out everywhere reaches another page at its next request", { skip: SKIP, expected: [UNAUTHORIZED] }, async ({ page, open }) => {
  const email = await addPerson();
  const phone = await open();
  await signIn(page, email);
  await visit(page, "Devices");
  const there = await signIn(phone, email);
  await visit(phone, "Devices");
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByText("You have signed out.").waitFor();
  assert.deepEqual(await whoAmI(there.access_token), [401, "token_revoked"]);

  await phone.getByRole("button", { name: "Update list" }).click();
  await phone.getByText("Your session was ended").waitFor();
  await everyLook(phone, "session-ended");
});

pageTest("ending one's own session signs out", { skip: SKIP }, async ({ page }) => {
  const email = await addPerson();
  const own = await signIn(page, email);
  await visit(page, "Devices");
  await page.locator(`[data-session-id="${own.session_id}"]`).getByRole("button").click();
  await page.getByText("You have signed out.").waitFor();

  assert.deepEqual(await whoAmI(own.access_token), [401, "token_revoked"]);
});

pageTest("an access token that lapsed is renewed by the request that needs it", { skip: SKIP, expected: [UNAUTHORIZED] }, async ({ page }) => {
  const email = await addPerson();
  await signIn(page, email);
  await visit(page, "Devices");
  await page.locator("[data-session-id]").first().waitFor();
  await page.route("**/api/auth/sessions", (route) =>
    route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ code: "token_expired" }) }),
    { times: 1 },
  );
  const refreshed = page.waitForResponse("**/api/auth/refresh");
  await page.getByRole("button", { name: "Update list" }).click();

  assert.equal((await refreshed).status(), 200);
  await page.locator("[data-session-id]").first().waitFor();
});
