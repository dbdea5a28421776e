/** @typedef {"users" | "sessions" | "events" | "flows" | "share" | "seconds" | "rate" | "hours"} Unit */

const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const TENTH = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });
const RATE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 2 });
const PERCENT = new Intl.NumberFormat("en-GB", { style: "percent", maximumFractionDigits: 1 });
const SIGNED = new Intl.NumberFormat("en-GB", { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const POINTS = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1, signDisplay: "exceptZero" });

/** @type {[number, string][]} */
const LENGTHS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
];
/** From here on percents say less than a factor. */
const MANY_TIMES = 10;
export const NOTHING = "–";
/** @type {Record<Unit, string>} */
export const UNIT_NAMES = { users: "Users", sessions: "Sessions", events: "Events", flows: "Sign-ins", share: "Share", seconds: "Length", rate: "Rate", hours: "Hours" };

/** @param {number | null | undefined} value @param {Unit} unit @returns {string} with its unit where it is not a count */
export function say(value, unit) {
  if (value === null || value === undefined) return NOTHING;
  if (unit === "share") return PERCENT.format(value);
  if (unit === "seconds") return sayLength(value);
  if (unit === "rate" || unit === "hours") return RATE.format(value);
  return Number.isInteger(value) || value >= 100 ? WHOLE.format(value) : TENTH.format(value);
}

/** @param {number} seconds @returns {string} "45 s", "12 min", "3.5 h", "7 d" */
export function sayLength(seconds) {
  const [size, name] = LENGTHS.find(([least]) => seconds >= least) ?? [1, "s"];
  const count = seconds / size;
  return `${(count < 10 ? TENTH : WHOLE).format(count)}\u00a0${name}`;
}

/**
 * How much it moved: in percent, shares in percentage points.
 * @param {number | null | undefined} now @param {number | null | undefined} before @param {Unit} unit
 * @returns {{ text: string, direction: "up" | "down" | "same" } | null} null where there is nothing to compare with
 */
export function change(now, before, unit) {
  if (now === null || now === undefined || before === null || before === undefined) return null;
  if (unit !== "share" && before === 0) return null;
  if (unit !== "share" && now / before >= MANY_TIMES) return { text: `${WHOLE.format(now / before)} times as much`, direction: "up" };
  const moved = unit === "share" ? (now - before) * 100 : now / before - 1;
  const text = unit === "share" ? `${POINTS.format(moved)} points` : SIGNED.format(moved);
  const isNone = /^0( |%)/.test(text);
  return { text: isNone ? "no change" : text.replace("-", "\u2212"), direction: isNone ? "same" : moved > 0 ? "up" : "down" };
}

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const LONG_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });

/** A window in words: "Sun 22 Nov", "Week of Mon 16 Nov"; what is shorter than a day as it came. @param {string} window @param {string} [grain] @returns {string} */
export function sayWindow(window, grain = "day") {
  if (grain === "week") return `Week of ${sayWindow(window)}`;
  return window.length === 10 ? DAY.format(Date.parse(window)) : window.slice(0, 16).replace("T", " ");
}

/** @param {string} day @returns {string} "22 Nov" */
export const sayShortDay = (day) => SHORT_DAY.format(Date.parse(day));
/** @param {string} day @returns {string} "22 Nov 2026" */
const sayLongDay = (day) => LONG_DAY.format(Date.parse(day));
/** @param {string} first @param {string} last @returns {string} "22 Nov 2026", "22 Nov 2026 to 1 Dec 2026" */
export const sayDays = (first, last) => (first === last ? sayLongDay(first) : `${sayLongDay(first)} to ${sayLongDay(last)}`);
/** @param {string} day @returns {string} "Nov" */
export const sayMonth = (day) => MONTH.format(Date.parse(day));

/** @param {string} rfc3339 @param {string} tz @returns {string} "23 Nov, 20:58" there */
export function sayMoment(rfc3339, tz) {
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: tz }).format(Date.parse(rfc3339));
}

/** @param {string} rfc3339 @param {string} tz @returns {string} "23 Nov 2026, 20:58" there */
export function sayInstant(rfc3339, tz) {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: tz }).format(Date.parse(rfc3339));
}
