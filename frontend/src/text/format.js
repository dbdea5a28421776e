const INSTANT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const RELATIVE = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" });

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** @param {string} rfc3339 @returns {string} in this browser's zone; what came, when it is no date */
export function instant(rfc3339) {
  const at_ms = Date.parse(rfc3339);
  return Number.isNaN(at_ms) ? rfc3339 : INSTANT.format(at_ms);
}

/** @param {string} rfc3339 @param {number} now_ms @returns {string} "just now", "5 minutes ago", "in 30 days" */
export function relative(rfc3339, now_ms) {
  const distance_ms = Date.parse(rfc3339) - now_ms;
  const unit = UNITS.find(([, size_ms]) => Math.abs(distance_ms) >= size_ms);
  if (Number.isNaN(distance_ms)) return rfc3339;
  return unit ? RELATIVE.format(Math.trunc(distance_ms / unit[1]), unit[0]) : "just now";
}

/** @param {number} seconds @returns {string} "1 second", "2 minutes": whole minutes upwards from 90 s */
export function duration(seconds) {
  const [count, unit] = seconds >= 90 ? [Math.ceil(seconds / 60), "minute"] : [seconds, "second"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** @param {number} seconds @returns {string} "4:09", "1:02:03" */
export function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first = 0, ...others] = parts[0] ? parts : parts.slice(1);
  return [first, ...others.map((part) => String(part).padStart(2, "0"))].join(":");
}

/**
 * @typedef {{ id: string, created_at: string, last_seen_at: string, expires_at: string, ip: string | null,
 *   device: string | null, amr: string[], current: boolean }} SessionShape
 */

/** Own session first, then the one used last. @param {SessionShape[]} sessions */
export function ownFirst(sessions) {
  return [...sessions].sort((a, b) => Number(b.current) - Number(a.current) || Date.parse(b.last_seen_at) - Date.parse(a.last_seen_at));
}
