/** Local days as `YYYY-MM-DD`: arithmetic on the calendar alone, so that no change of the clocks gets in. */

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @param {string} tz @param {number} now_ms @returns {string} the local day it is there */
export function today(tz, now_ms) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: tz, year: "numeric", month: "2-digit", day: "2-digit" }).format(now_ms);
}

/** @param {string} day @param {number} count @returns {string} */
export function addDays(day, count) {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

/** @param {string} from @param {string} to @returns {number} negative when `to` is earlier */
export function daysBetween(from, to) {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/** @param {string} text */
export function isDay(text) {
  return DAY.test(text) && !Number.isNaN(Date.parse(text)) && addDays(text, 0) === text && text >= "2000-01-01" && text < "2200-01-01";
}

/** @param {string} day @returns {string} the Monday at or before it */
export function mondayOf(day) {
  return addDays(day, -((new Date(Date.parse(day)).getUTCDay() + 6) % 7));
}

/** @param {string} tz */
export function isZone(tz) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: tz })) && !/^[+-]/.test(tz);
  } catch {
    return false;
  }
}

/** @returns {string} IANA name of where this browser is */
export function ownZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
