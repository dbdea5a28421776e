/** Which questions a view asks: few, for what goes together travels together. */

import { addDays, mondayOf } from "./days.js";

/**
 * @typedef {import("./address.js").View} View
 * @typedef {import("./address.js").Period} Period
 * @typedef {{ metrics: string[], grain?: string, by?: string, parts?: readonly string[], hasWeeks?: boolean }} Ask `by`: parted by this, always;
 *   `parts`: what it may be parted by or narrowed to, as the reader likes
 */

const PEOPLE = /** @type {const} */ (["device_class", "browser", "os", "country", "client"]);
const SESSIONS = /** @type {const} */ ([...PEOPLE, "method"]);
/** The service answers with at most 3,000 windows. */
const MOST_QUARTER_DAYS = 31;
const MOST_HOUR_DAYS = 124;
const COHORT_WEEKS = 13;
const WEEKLY_DAYS = 28;

/** Named by what they are about. @type {Record<string, Ask>} */
export const ASKS = {
  people: { metrics: ["dau", "wau", "mau", "stickiness"], parts: PEOPLE },
  open: { metrics: ["open_sessions", "active_concurrent"] },
  signin: { metrics: ["login_attempt_success", "login_flow_success", "login_funnel", "reuse_detections", "replays"], parts: PEOPLE, hasWeeks: true },
  sessions: { metrics: ["sessions_started", "sessions_ended", "active_span", "lifetime", "refreshes_per_session", "refreshes_per_hour", "mfa_use"], parts: SESSIONS, hasWeeks: true },
  factors: { metrics: ["mfa_adoption"], parts: PEOPLE },
  reasons: { metrics: ["failure_reasons"], grain: "total", by: "reason" },
  ends: { metrics: ["sessions_ended"], grain: "total", by: "end_reason" },
  course: { metrics: ["open_sessions", "active_concurrent"], grain: "clock" },
  devices: { metrics: ["active_users"], grain: "total", by: "device" },
  countries: { metrics: ["active_users"], grain: "total", by: "country" },
  retention: { metrics: ["retention"], grain: "week" },
  cells: { metrics: ["sessions_started"], grain: "total", by: "view" },
};

/** @param {Ask} ask @param {View} view @returns {boolean} whether its numbers are parted, or narrowed, as the view wants it */
export const follows = (ask, view) => view.by !== "" && (ask.parts?.includes(view.by) ?? false);

/**
 * The query of a question, without a format.
 * @param {string} name of ASKS @param {View} view @param {Period} period
 * @param {{ metrics?: string[], whole?: boolean }} [how] `metrics`: some of them; `whole`: not parted, but narrowed
 */
export function queryOf(name, view, period, { metrics, whole = false } = {}) {
  const ask = /** @type {Ask} */ (ASKS[name]);
  const isParted = follows(ask, view) && !view.only && !whole;
  const { from, to, grain } = rangeOf(ask, period, isParted);
  const asked = new URLSearchParams({ metrics: (metrics ?? ask.metrics).join(","), from, to, tz: view.tz, grain });
  if (ask.by) asked.set("by", { device: view.device, view: view.by }[ask.by] ?? ask.by);
  else if (follows(ask, view)) {
    if (view.only) asked.set(view.by, view.only);
    else if (isParted) asked.set("by", view.by);
  }
  if (view.compare && isCompared(ask)) asked.set("compare", "previous");
  return `/api/analytics/query?${asked.toString().replaceAll("%2C", ",").replaceAll("%2F", "/")}`;
}

/** @param {Ask} ask A course of days and cohorts have no period before that would say more. */
const isCompared = (ask) => ask.grain !== "clock" && ask.grain !== "week";

/**
 * @param {Ask} ask @param {Period} period @param {boolean} isParted the days of a small group would be few people and much
 *   noise: weeks say more, where there are some and a metric has them
 * @returns {{ from: string, to: string, grain: string }}
 */
function rangeOf({ grain = "day", hasWeeks = false }, { from, to, days }, isParted) {
  if (isParted && hasWeeks && days >= WEEKLY_DAYS) return { from, to, grain: "week" };
  if (grain === "clock") {
    const kept = Math.min(days, MOST_HOUR_DAYS);
    return { from: addDays(to, -kept), to, grain: kept <= MOST_QUARTER_DAYS ? "15m" : "hour" };
  }
  if (grain === "week") {
    const last = mondayOf(addDays(to, -1));
    const weeks = addDays(last, -7 * (COHORT_WEEKS - 1));
    const since = mondayOf(from);
    return { from: since < weeks ? since : weeks, to: addDays(last, 7), grain };
  }
  return { from, to, grain };
}
