/** What the columns of answers are called by people, and in what they are counted. */

/** @typedef {import("./units.js").Unit} Unit */

/** @type {Record<string, [string, Unit]>} */
const COLUMNS = {
  dau: ["Active that day", "users"],
  wau: ["Active in 7 days", "users"],
  mau: ["Active in 28 days", "users"],
  stickiness: ["Stickiness", "share"],
  mfa_adoption: ["Enrolled", "share"],
  mfa_use: ["Sessions with a second factor", "share"],
  active_users: ["Active users", "users"],
  sessions_started: ["Sessions started", "sessions"],
  sessions_ended: ["Sessions ended", "sessions"],
  open_sessions_peak: ["Open, peak", "sessions"],
  open_sessions_average: ["Open, average", "sessions"],
  active_concurrent: ["Active users, peak", "users"],
  active_span_p50: ["Active, half of all", "seconds"],
  active_span_p95: ["Active, 95 %", "seconds"],
  lifetime_p50: ["Lifetime, half of all", "seconds"],
  lifetime_p95: ["Lifetime, 95 %", "seconds"],
  refreshes_per_session: ["Foreground a session", "rate"],
  refreshes_per_session_background: ["Background a session", "rate"],
  refreshes_per_hour: ["Foreground an hour", "rate"],
  refreshes_per_hour_background: ["Background an hour", "rate"],
  refreshes_per_hour_denominator: ["Hours lived", "hours"],
  login_attempt_success: ["Attempts that succeed", "share"],
  login_flow_success: ["Sign-ins that succeed", "share"],
  login_funnel_started: ["Started", "flows"],
  login_funnel_password: ["Password right", "flows"],
  login_funnel_second_factor: ["Second factor right", "flows"],
  login_funnel_session: ["Session begun", "flows"],
  failure_reasons: ["Failures", "events"],
  failure_reasons_users: ["People", "users"],
  reuse_detections: ["Reuse detected", "events"],
  reuse_detections_sessions: ["Sessions ended by it", "sessions"],
  reuse_detections_users: ["Users concerned", "users"],
  replays_concurrent: ["Replays, tabs at once", "events"],
  replays_lost_response: ["Replays, answer lost", "events"],
  retention_cohort: ["Users", "users"],
};

/** @type {Record<string, string>} */
const PART_NAMES = {
  device_class: "Device class",
  browser: "Browser",
  os: "Operating system",
  country: "Country",
  client: "Client",
  method: "Sign-in method",
  end_reason: "Ended by",
  reason: "Reason",
};

/** @param {string} column of an answer @returns {{ label: string, unit: Unit }} */
export function describeColumn(column) {
  if (column.endsWith("_previous")) {
    const { label, unit } = describeColumn(column.slice(0, -"_previous".length));
    return { label: `${label}, before`, unit };
  }
  const known = COLUMNS[column];
  if (known) return { label: known[0], unit: known[1] };
  if (column === "window") return { label: "Window", unit: "events" };
  if (PART_NAMES[column]) return { label: PART_NAMES[column], unit: "events" };
  const week = /^retention_w(\d+)(_numerator)?$/.exec(column);
  if (week) return { label: `Week ${week[1]}${week[2] ? ", users" : ""}`, unit: week[2] ? "users" : "share" };
  for (const [ending, word] of [["_numerator", "counted"], ["_denominator", "of"]]) {
    if (column.endsWith(`${ending}`)) return { label: `${describeColumn(column.slice(0, -`${ending}`.length)).label}: ${word}`, unit: "events" };
  }
  return { label: column, unit: "rate" };
}

/** @param {string} column @returns {boolean} whether it parts an answer's windows */
export const isPart = (column) => column in PART_NAMES;

/** @type {Record<string, string>} */
const CELLS = {
  logout: "Signed out",
  idle_timeout: "Idle too long",
  absolute_timeout: "Reached its greatest age",
  revoked_user: "Ended from another device",
  revoked_admin: "Ended by an administrator",
  token_reuse: "Token reuse detected",
  password_change: "Password changed",
  evicted: "Too many sessions",
  erased: "Account erased",
  disabled: "Account disabled",
  unknown_user: "Unknown address",
  wrong_code: "Wrong code",
  wrong_password: "Wrong password",
  desktop: "Desktop",
  mobile: "Phone",
  tablet: "Tablet",
  bot: "Bot",
  pwd: "Password",
  "pwd otp mfa": "Password and code",
  "pwd mfa": "Password and recovery code",
  "swk user mfa": "Passkey",
  "hwk user mfa": "Passkey of one device",
  "pwd swk user mfa": "Password and passkey",
  "pwd hwk user mfa": "Password and passkey of one device",
  other: "Other",
  unknown: "Unknown",
};
const COUNTRIES = new Intl.DisplayNames("en-GB", { type: "region", fallback: "code" });

/** A cell in words. @param {string} cell @param {string} part which breakdown it is of @returns {string} */
export function sayCell(cell, part) {
  if (part === "country" && /^[A-Z]{2}$/.test(cell)) return COUNTRIES.of(cell) ?? cell;
  const known = CELLS[cell];
  if (known && (part !== "device_class" || cell !== "unknown")) return known;
  const words = cell.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
