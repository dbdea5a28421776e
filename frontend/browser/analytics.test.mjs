import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before } from "node:test";

import { accessibilityFaults, enterPassword, everyLook, fitsWindow, pageTest, PASSWORD, screenshot, signIn, visit } from "./support/browser.mjs";
import { SKIP } from "./support/people.mjs";
import { LIVE, PAST, PAST_SEARCH, RETENTION, ask, fillPast, sessionsPage } from "./support/traffic.mjs";
import { settles, until } from "./support/until.mjs";

/** @typedef {import("./support/browser.mjs").Page} Page */

const ANALYST = "analyst@inphora.example";
const REFUSED = /the server responded with a status of (403|404|422|503)|net::ERR_FAILED/;
const LIVE_URL = "**/api/analytics/live";
const QUERY_URL = /\/api\/analytics\/query\?/;
const SESSIONS_URL = /\/api\/analytics\/sessions\?/;
const DAU = `metrics=dau,wau,mau&from=${PAST.first}&to=2026-04-03&tz=${PAST.tz}&grain=day`;

if (!SKIP) before(fillPast, { timeout: 500_000 });

/** What other parts of the service answer is said here; what the numbers are, the service says. @param {Page} page */
async function stub(page) {
  await page.route(LIVE_URL, (route) => route.fulfill({ json: LIVE }));
  await page.route(/query\?metrics=retention/, (route) => route.fulfill({ json: RETENTION }));
  await page.route(SESSIONS_URL, (route) => route.fulfill({ json: new URL(route.request().url()).searchParams.get("cursor") ? sessionsPage(12, 4, null) : sessionsPage(0, 12, "c1") }));
}

/** @param {Page} page */
const loaded = (page) => page.waitForFunction(() => document.querySelector("main h1") && document.querySelector(".panel, .card") && !document.querySelector('[aria-busy="true"]'), null);

/** Signed in as an analyst, at an address below /analytics. @param {Page} page @param {string} [search] @param {string} [path] */
async function arrive(page, search = PAST_SEARCH, path = "/analytics") {
  await stub(page);
  await page.goto(`${path}${search}`);
  await enterPassword(page, ANALYST, PASSWORD);
  await page.getByRole("heading", { name: path === "/analytics" ? "Session analytics" : "Sessions", level: 1 }).waitFor();
  await loaded(page);
}

/** As it stands, once. @param {Page} page @param {string} name */
async function look(page, name) {
  await screenshot(page, name);
  assert.deepEqual(await accessibilityFaults(page), []);
  await fitsWindow(page);
}

/** @param {Page} page @returns {URLSearchParams} what the address says */
const said = (page) => new URL(page.url()).searchParams;

/** @param {Page} page @param {string} title */
const panel = (page, title) => page.getByRole("region", { name: title, exact: true });

pageTest("the numbers are accessible and fit every screen", { skip: SKIP }, async ({ page }) => {
  await arrive(page);
  await page.getByText("12 signed in, 15 sessions").waitFor();
  assert.equal(await page.locator(".alert:not(:empty)").count(), 0);
  await everyLook(page, "analytics");
  await page.setViewportSize({ width: 320, height: 800 });
  await fitsWindow(page);
});

pageTest("tables, definitions and breakdowns are accessible too", { skip: SKIP }, async ({ page }) => {
  await arrive(page, `${PAST_SEARCH}&by=device_class&show=actives.table,actives.sql,reasons.table,retention.table`);
  await panel(page, "Active users").getByText("version 1 · users").first().waitFor();
  for (const [width, colorScheme] of /** @type {[number, "light" | "dark"][]} */ ([[1280, "light"], [390, "dark"]])) {
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme });
    await look(page, `analytics-open-${width}`);
  }
});

pageTest("a link leads through the sign-in to what it says; others are told whom to ask", { skip: SKIP, expected: [REFUSED] }, async ({ page }) => {
  await page.goto(`/analytics${PAST_SEARCH}&compare=off`);
  await enterPassword(page, "borrower@inphora.example", PASSWORD);
  await page.getByRole("heading", { name: "These numbers are for analysts", level: 1 }).waitFor();
  await page.getByText("ask an administrator").waitFor();
  assert.equal(await page.getByRole("navigation").getByRole("link", { name: "Analytics" }).count(), 0);
  await look(page, "analytics-no-role");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();

  await stub(page);
  await enterPassword(page, ANALYST, PASSWORD);
  await page.getByText("22 Mar 2026 to 2 Apr 2026 · Europe/Berlin").waitFor();
  await loaded(page);
  await settles(() => new URL(page.url()).search, `${PAST_SEARCH}&compare=off`);
  await visit(page, "Devices");
  await page.getByRole("heading", { name: "Your devices", level: 1 }).waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "Analytics" }).click();
  await page.getByRole("heading", { name: "Session analytics", level: 1 }).waitFor();
});

pageTest("every control is in the address; back, forward and a reload bring its state again", { skip: SKIP }, async ({ page }) => {
  await arrive(page);
  await page.getByLabel("Break down by").selectOption("Device class");
  await page.getByLabel("Only").locator("option", { hasText: "Phone" }).waitFor({ state: "attached" });
  await page.getByLabel("Only").selectOption("Phone");
  await page.getByLabel("Compare with the period before").uncheck();
  await page.getByLabel("Time zone").selectOption("UTC");
  await panel(page, "Devices").getByLabel("Browser").check();
  await panel(page, "Sign-in success").getByRole("button", { name: "Show Table of" }).click();
  const all = { first: PAST.first, last: PAST.last, tz: "UTC", compare: "off", by: "device_class", only: "mobile", device: "browser", show: "success.table" };
  await settles(() => Object.fromEntries(said(page)), all);

  await page.getByRole("radio", { name: "7 days" }).check();
  await settles(() => [said(page).get("range"), said(page).get("first")], ["7", null]);
  await page.goBack();
  await settles(() => Object.fromEntries(said(page)), all);
  await settles(() => page.getByLabel("From").inputValue(), PAST.first);
  for (let steps = 0; steps < 6; steps++) await page.goBack();
  await settles(() => page.getByLabel("Break down by").inputValue(), "");
  await settles(() => page.getByLabel("Compare with the period before").isChecked(), true);
  await page.goForward();
  await settles(() => page.getByLabel("Break down by").inputValue(), "device_class");
  for (let steps = 0; steps < 5; steps++) await page.goForward();
  await page.reload();
  await loaded(page);
  await settles(async () => [await page.getByLabel("Only").inputValue(), await panel(page, "Sign-in success").getByRole("table").count()], ["mobile", 1]);

  await page.getByLabel("Through").fill("2026-03-20");
  await settles(() => said(page).get("first"), "2026-03-20");
});

pageTest("a chart says the service's numbers: as a table, to a reader, and as the service's own CSV", { skip: SKIP }, async ({ page }) => {
  await arrive(page, `${PAST_SEARCH}&compare=off`);
  const { rows } = await (await ask(DAU)).json();
  assert.ok(rows.length === 12 && rows.some((/** @type {any} */ row) => row[1] > 5), "the past is there");
  const actives = panel(page, "Active users");
  await actives.getByRole("button", { name: "Show Table of Active users" }).press("Enter");
  const cells = () => actives.getByRole("table").locator("tbody tr").evaluateAll((lines) => lines.map((line) => [...line.querySelectorAll("td")].map((cell) => Number(cell.textContent))));
  await settles(cells, rows.map((/** @type {any} */ row) => row.slice(1)));

  const slider = actives.getByRole("slider", { name: "Active users, by day" });
  await slider.press("Home");
  await settles(() => slider.getAttribute("aria-valuetext"), `Sun 22 Mar: One day ${rows[0][1]}, 7 days ${rows[0][2]}, 28 days ${rows[0][3]}`);
  await slider.press("ArrowRight");
  await until(() => slider.getAttribute("aria-valuetext"), (text) => /^Mon 23 Mar: /.test(String(text)));

  const saving = page.waitForEvent("download");
  await actives.getByRole("button", { name: "Save CSV of Active users" }).click();
  const download = await saving;
  assert.equal(download.suggestedFilename(), "actives-2026-03-22-to-2026-04-03.csv");
  assert.equal(await readFile(await download.path(), "utf8"), await (await ask(DAU, "text/csv")).text());

  await actives.getByRole("button", { name: "Show SQL of Active users" }).click();
  await actives.getByText("Distinct users active on the local day.").waitFor();
  assert.match(await actives.getByRole("region", { name: "SQL of dau" }).innerText(), /analytics\.agg_user_day/);
  await actives.getByRole("button", { name: "Hide SQL of Active users" }).click();
  await actives.locator("pre").waitFor({ state: "detached" });
});

pageTest("from a number to its sessions, page by page, and back to where one was", { skip: SKIP }, async ({ page }) => {
  await arrive(page, `${PAST_SEARCH}&compare=off`);
  /** @type {URLSearchParams[]} */
  const asked = [];
  page.on("request", (request) => SESSIONS_URL.test(request.url()) && asked.push(new URL(request.url()).searchParams));
  await panel(page, "How sessions end").getByRole("link", { name: "Idle too long" }).click();
  await page.getByRole("heading", { name: "Sessions", level: 1 }).waitFor();
  await page.locator('[data-session="session-11"]').waitFor();
  assert.deepEqual(Object.fromEntries(/** @type {any} */ (asked[0])), { from: PAST.first, to: "2026-04-03", tz: PAST.tz, at: "ended", end_reason: "idle_timeout", limit: "50" });
  assert.match(await page.locator('[data-session="session-0"]').innerText(), /Desktop, <b>Firefox<\/b>, Android/);
  await everyLook(page, "analytics-sessions");
  await page.getByRole("button", { name: "Show more" }).click();
  await page.getByText("16 shown, that is all").waitFor();
  assert.equal(asked[1]?.get("cursor"), "c1");
  await settles(() => page.locator("[data-session]").count(), 16);

  await page.getByRole("button", { name: "Without ended by" }).click();
  await page.getByText("12 shown", { exact: true }).waitFor();
  assert.deepEqual([asked.length, asked[2]?.get("end_reason"), asked[2]?.get("cursor")], [3, null, null]);
  await page.getByRole("link", { name: "Back to the numbers" }).click();
  await page.getByRole("heading", { name: "Session analytics", level: 1 }).waitFor();
  await settles(() => new URL(page.url()).search, `${PAST_SEARCH}&compare=off`);

  const slider = panel(page, "Token reuse and replays").getByRole("slider").first();
  await slider.press("Home");
  await slider.press("Enter");
  await page.getByText("Token reuse detected").waitFor();
  await settles(() => [said(page).get("from"), said(page).get("to"), said(page).get("reuse_detected")], ["2026-03-22", "2026-03-23", "true"]);
  await page.goBack();
  await page.getByRole("heading", { name: "Session analytics", level: 1 }).waitFor();
});

/** @type {[string, Parameters<import("playwright-core").Route["fulfill"]>[0] | null, RegExp][]} */
const TROUBLES = [
  ["what cannot be asked", { status: 422, json: { code: "validation_failed", errors: [{ field: "grain", message: "this range has more than 3000 windows" }] } }, /does not answer this: grain: this range has more than 3000 windows/],
  ["a busy service", { status: 503, headers: { "Retry-After": "2" }, json: { code: "service_unavailable" } }, /service is busy.*try again/i],
  ["a role that was taken away", { status: 403, json: { code: "forbidden" } }, /Your account may not do this/],
  ["no network", null, /cannot be reached/],
];
pageTest("what goes wrong is said where it is missing, and can be asked again", { skip: SKIP, expected: [REFUSED] }, async ({ page }) => {
  await arrive(page);
  const failures = /metrics=failure_reasons/;
  for (const [title, answer, words] of TROUBLES) {
    await page.route(failures, (route) => (answer ? route.fulfill(answer) : route.abort()));
    await page.getByRole("button", { name: "Update" }).click();
    const alert = panel(page, "Why sign-ins fail").getByRole("alert");
    await until(async () => ((await alert.count()) > 0 ? alert.innerText() : ""), (text) => words.test(text));
    assert.equal(await panel(page, "Active users").getByRole("alert").count(), 0, title);
    await page.unroute(failures);
  }
  await loaded(page);
  await look(page, "analytics-error");
  await panel(page, "Why sign-ins fail").getByRole("button", { name: "Ask again" }).click();
  await panel(page, "Why sign-ins fail").getByRole("row").nth(1).waitFor();

  await page.unroute(LIVE_URL);
  await page.route(LIVE_URL, (route) => route.fulfill({ status: 503, json: { code: "service_unavailable" } }));
  await page.reload();
  await page.getByText("Live numbers are away for the moment").waitFor();
});

pageTest("an answer that comes after the next question is not shown", { skip: SKIP }, async ({ page }) => {
  await arrive(page, `${PAST_SEARCH}&compare=off`);
  const people = /metrics=dau,wau,mau,stickiness/;
  /** @type {import("playwright-core").Route[]} */
  const held = [];
  await page.route(people, (route) => (route.request().url().includes("tz=UTC") ? void held.push(route) : route.continue()));
  await page.getByLabel("Time zone").selectOption("UTC");
  await until(() => held, ({ length }) => length === 1);
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await loaded(page);
  const shown = await panel(page, "Active users").innerText();
  await held[0]?.fulfill({ json: { columns: ["window", "dau", "wau", "mau"], rows: [["2026-03-22", 987_654, 1, 1]], tz: "UTC", grain: "day", exact: true, watermark: {}, partial: [], suppressed: 0, metric_versions: {} } }).catch(() => {});
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

  assert.equal(await panel(page, "Active users").innerText(), shown);
  assert.doesNotMatch(await page.locator("main").innerText(), /987,654/);
});

pageTest("an empty service says what to do; an empty range says to choose another", { skip: SKIP }, async ({ page }) => {
  const empty = { rows: [], tz: "UTC", grain: "day", exact: true, watermark: { refreshed_at: null, closed_through: null }, partial: [], suppressed: 0, metric_versions: {} };
  await page.route(QUERY_URL, (route) => route.fulfill({ json: { ...empty, columns: ["window", ...String(new URL(route.request().url()).searchParams.get("metrics")).split(",")] } }));
  await arrive(page);
  await page.getByText("There are no events yet.").waitFor();
  await look(page, "analytics-empty");
  await page.unroute(QUERY_URL);
  await page.goto("/analytics?first=2001-01-01&last=2001-01-07&tz=UTC");
  await page.getByText("Nothing happened in this range.").waitFor();
  await loaded(page);
});

pageTest("a day that is not complete is drawn and said so; small groups are explained", { skip: SKIP }, async ({ page }) => {
  await page.route(/metrics=dau,wau,mau,stickiness/, async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, suppressed: 3, partial: ["2026-04-02"], watermark: { refreshed_at: "2026-04-02T12:00:00.000Z", closed_through: "2026-03-30T12:00:00.000Z" } } });
  });
  await arrive(page, `${PAST_SEARCH}&compare=off`);
  await page.getByText("Complete through 2 Apr, 14:00").waitFor();
  await page.getByText("Final through 30 Mar, 14:00").waitFor();
  const actives = panel(page, "Active users");
  await actives.getByText("Thu 2 Apr is not complete yet: hatched and dashed.").waitFor();
  await actives.getByText("nobody can be singled out").waitFor();
  assert.match(String(await actives.locator(".curve.s1 .dashed").getAttribute("d")), /^M.+L/);
  await actives.getByRole("slider").press("End");
  await until(() => actives.getByRole("slider").getAttribute("aria-valuetext"), (text) => /^Thu 2 Apr, not complete yet: /.test(String(text)));
  await page.getByText("mean of 11 complete days").waitFor();
});

pageTest("on paper it is light, without controls, with its tables, and says of when it is", { skip: SKIP, colorScheme: "dark" }, async ({ page }) => {
  await arrive(page);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await panel(page, "Active users").getByRole("table").waitFor();

  for (const text of ["22 Mar 2026 to 2 Apr 2026 · Europe/Berlin · compared with", "Complete through"]) assert.equal(await page.getByText(text).isVisible(), true, text);
  for (const hidden of [page.getByLabel("Time zone"), page.getByRole("navigation"), page.locator("#live"), page.getByRole("button", { name: "Update" })]) assert.equal(await hidden.isVisible(), false);
  assert.equal(await panel(page, "Active users").evaluate((card) => getComputedStyle(card).backgroundColor), "rgb(255, 255, 255)");
  await page.setViewportSize({ width: 800, height: 1100 });
  await screenshot(page, "analytics-print");
  await page.emulateMedia({ media: "screen" });
  await panel(page, "Active users").getByRole("table").waitFor({ state: "detached" });
});

pageTest("who is there now is asked each quarter of a minute, while somebody looks", { skip: SKIP }, async ({ page }) => {
  await signIn(page, ANALYST);
  await page.clock.install();
  let asked = 0;
  await stub(page);
  await page.route(LIVE_URL, (route) => (asked++, route.fulfill({ json: { ...LIVE, signed_in: { users: asked, sessions: 15 } } })));
  await page.goto(`/analytics${PAST_SEARCH}`);
  await page.getByText("1 signed in").waitFor();
  await page.clock.runFor(15_000);
  await page.getByText("2 signed in").waitFor();
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await page.clock.runFor(60_000);
  assert.equal(asked, 2);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: false, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await page.getByText("3 signed in").waitFor();
});
