/** The address of a list of sessions, which says the same as the question that is asked for it. */

import { isDay, isZone, today, addDays } from "./days.js";

/** @typedef {{ from: string, to: string, tz: string, at: "started" | "ended", filters: Record<string, string>, back: string }} ListView `back`: the view one comes from */

export const LIST = "/analytics/sessions";
export const FILTERS = ["client", "device_class", "browser", "os", "country", "method", "end_reason", "reuse_detected"];
const PAGE = 50;
const DAYS = 7;
const NAME_MAX = 64;

/** @param {string} search @param {string} zone the browser's @param {number} now_ms @returns {ListView} what is missing is the last seven days */
export function readList(search, zone, now_ms) {
  const given = new URLSearchParams(search);
  const tz = given.get("tz") ?? "";
  const kept = isZone(tz) ? tz : zone;
  const [from, to] = [given.get("from") ?? "", given.get("to") ?? ""];
  const isRange = isDay(from) && isDay(to) && from < to;
  const end = addDays(today(kept, now_ms), 1);
  const back = given.get("back") ?? "";
  return {
    from: isRange ? from : addDays(end, -DAYS),
    to: isRange ? to : end,
    tz: kept,
    at: given.get("at") === "ended" ? "ended" : "started",
    filters: Object.fromEntries(FILTERS.flatMap((name) => (given.get(name) ? [[name, String(given.get(name)).slice(0, NAME_MAX)]] : []))),
    back: back.startsWith("?") ? back : "",
  };
}

/** @param {ListView} list @returns {URLSearchParams} */
function said({ from, to, tz, at, filters }) {
  return new URLSearchParams({ from, to, tz, at, ...filters });
}

/** @param {ListView} list @returns {string} */
export function writeList(list) {
  const asked = said(list);
  if (list.back) asked.set("back", list.back);
  return `${LIST}?${asked.toString().replaceAll("%2F", "/")}`;
}

/** @param {ListView} list @param {string | null} cursor of the page before @returns {string} */
export function listQuery(list, cursor) {
  const asked = said(list);
  asked.set("limit", String(PAGE));
  if (cursor) asked.set("cursor", cursor);
  return `/api/analytics/sessions?${asked.toString().replaceAll("%2F", "/")}`;
}
