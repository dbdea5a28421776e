import assert from "node:assert/strict";

import { BASE_URL, pageTest, screenshot } from "./support/browser.mjs";

pageTest("the API can be tried, with nothing but this service asked", {}, async ({ page }) => {
  const asked = new Set();
  page.on("request", (request) => asked.add(new URL(request.url()).origin));

  await page.goto(`${BASE_URL}/api/docs`);
  const health = page.locator('[id$="-get_health"]');
  await health.getByRole("button").first().click();
  await screenshot(page, "api-docs");
  await health.getByRole("button", { name: "Execute" }).click();
  await health.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();

  assert.deepEqual([...asked].filter((origin) => origin.startsWith("http")), [BASE_URL]);
});
