import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { BASE_URL, PASSWORD } from "./browser.mjs";
import { until } from "./until.mjs";

const ROOT = resolve(import.meta.dirname, "../../..");
const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
const COUNT = `
import asyncio
from workers.main import queue
asyncio.run(queue().enqueue_job("cron:refresh_analytics"))
`;
/** What a worker may take to count it, on a machine short of CPU. */
const COUNTED_MS = 300_000;

/** Days of made-up traffic, the same each time, over a change of the clocks. `last` is included. */
export const PAST = { first: "2026-03-22", last: "2026-04-02", tz: "Europe/Berlin", people: 60 };
export const PAST_SEARCH = `?first=${PAST.first}&last=${PAST.last}&tz=${PAST.tz}`;

let token = "";

/** As an analyst, who signs in as seldom as they can: sign-ins are limited. @param {string} query @param {string} [accept] @returns {Promise<Response>} */
export async function ask(query, accept = "application/json") {
  const answer = await fetch(`${BASE_URL}/api/analytics/query?${query}`, { headers: { Authorization: `Bearer ${token}`, Accept: accept } });
  if (answer.status !== 401) return answer;
  const body = JSON.stringify({ email: "analyst@inphora.example", password: PASSWORD });
  const login = await fetch(`${BASE_URL}/api/auth/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (!login.ok) throw new Error(`the analyst may not sign in: ${login.status} ${await login.text()}`);
  token = (await login.json()).access_token;
  return ask(query, accept);
}

/** Stores PAST in the service, and waits until it is counted. */
export async function fillPast() {
  const run = (/** @type {string[]} */ words) => promisify(execFile)(PYTHON, words, { cwd: ROOT });
  await run(["-m", "service", "analytics", "simulate", "--days", "12", "--people", String(PAST.people), "--seed", "7", "--end", "2026-04-03", "--data-dir", process.env.DATA_DIR ?? ""]);
  await run(["-c", COUNT]);
  const total = `metrics=active_users,sessions_ended&from=${PAST.first}&to=2026-04-03&tz=${PAST.tz}&grain=total`;
  await until(async () => (await (await ask(total)).json()).rows?.[0], (row) => row?.[1] > 0 && row?.[2] > 0, COUNTED_MS);
}

const START_MS = Date.parse("2026-03-30T10:00:00Z");
const at = (/** @type {number} */ minutes) => new Date(START_MS + minutes * 60_000).toISOString();

export const LIVE = {
  as_of: at(0),
  signed_in: { users: 12, sessions: 15 },
  per_minute: Array.from({ length: 30 }, (_, index) => ({ minute: at(index - 29), logins: index % 4, failures: Number(index % 7 === 0) })),
  approx: true,
};

const WEEKS = Array.from({ length: 12 }, (_, index) => index + 1);
/** Two cohorts; of the second only one week is over. */
export const RETENTION = {
  columns: ["window", "retention_cohort", ...WEEKS.flatMap((week) => [`retention_w${week}`, `retention_w${week}_numerator`])],
  rows: [
    ["2026-03-16", 40, ...WEEKS.flatMap((week) => (week <= 2 ? [1 - week / 4, 40 - week * 10] : [null, null]))],
    ["2026-03-23", 20, ...WEEKS.flatMap((week) => (week <= 1 ? [0.5, 10] : [null, null]))],
  ],
  tz: PAST.tz,
  grain: "week",
  exact: true,
  watermark: { refreshed_at: at(0), closed_through: at(-4320) },
  partial: [],
  suppressed: 0,
  metric_versions: { retention: 1 },
};

/** One page of sessions. @param {number} first its number @param {number} count @param {string | null} next_cursor */
export function sessionsPage(first, count, next_cursor) {
  const sessions = Array.from({ length: count }, (_, index) => {
    const n = first + index;
    return {
      session_id: `session-${n}`,
      user_key: `k${n}c0ffee0123456789`,
      started_at: at(-n * 60),
      last_active_at: at(-n * 60 + 20),
      ended_at: n % 2 ? at(-n * 60 + 45) : null,
      end_reason: n % 2 ? "idle_timeout" : null,
      client: "web",
      device_class: n % 3 ? "mobile" : "desktop",
      browser: "<b>Firefox</b>",
      os: "Android",
      country: n % 2 ? "KE" : null,
      method: "pwd",
      mfa_used: n % 4 === 0,
      refresh_count: n,
      refresh_background_count: 1,
      reuse_detected: n === 3,
    };
  });
  return { sessions, next_cursor };
}
