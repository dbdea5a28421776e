/** Reading the answers of `GET /api/analytics/query`. */

import { isPart } from "./columns.js";
import { today } from "./days.js";
import { sayWindow } from "./units.js";

/**
 * @typedef {{ columns: string[], rows: (string | number | null)[][], tz: string, grain: string, exact: boolean,
 *   watermark: { refreshed_at: string | null, closed_through: string | null }, partial: string[], suppressed: number,
 *   metric_versions: Record<string, number> }} Answer
 * @typedef {(number | null)[]} Values
 */

/** @param {Answer} answer @returns {string | null} what its windows are parted by */
export const partOf = ({ columns }) => (columns[1] !== undefined && isPart(columns[1]) ? columns[1] : null);

/** @param {Answer} answer @param {string[]} metrics @returns {{ column: string, place: number }[]} where the values of these are */
export function columnsOf({ columns }, metrics) {
  const places = columns.map((column, place) => ({ column, place }));
  return places.filter(({ column }) => metrics.some((metric) => column === metric || column.startsWith(`${metric}_`)));
}

/** @param {Answer} answer @returns {string[]} each once */
export const windowsOf = ({ rows }) => [...new Set(rows.map(([window]) => String(window)))];

/** @param {Answer} answer @param {string} column @returns {Values} of all rows; nulls where there is no such column */
export function valuesOf({ columns, rows }, column) {
  const place = columns.indexOf(column);
  return rows.map((row) => /** @type {number | null} */ (row[place] ?? null));
}

/** @param {Answer} answer @returns {Set<number>} places of the windows that are not complete yet */
export function partialOf(answer) {
  const open = new Set(answer.partial);
  return new Set(windowsOf(answer).flatMap((window, index) => (open.has(window) ? [index] : [])));
}

/** @param {Answer | null} answer by days @returns {string | null} which day is drawn as not complete, in words */
export function sayPartial(answer) {
  const { refreshed_at } = answer?.watermark ?? {};
  if (!answer || !refreshed_at) return null;
  const day = today(answer.tz, Date.parse(refreshed_at));
  const open = answer.partial.findLast((window) => window <= day);
  return open ? `${sayWindow(open, answer.grain)} is not complete yet: hatched and dashed.` : null;
}

/** Values of complete windows only, with those of the period before at the same places. @param {Answer} answer @param {string} column */
export function complete(answer, column) {
  const partial = new Set(answer.partial);
  const kept = answer.rows.map(([window], index) => ({ window: String(window), index })).filter(({ window }) => !partial.has(window));
  const now = valuesOf(answer, column);
  const before = valuesOf(answer, `${column}_previous`);
  return { windows: kept.map(({ window }) => window), now: kept.map(({ index }) => now[index] ?? null), before: kept.map(({ index }) => before[index] ?? null) };
}

/** @param {Values} values @returns {number} */
export const sum = (values) => values.reduce((/** @type {number} */ all, value) => all + (value ?? 0), 0);

/** @param {Values} values @returns {number | null} of those that are known */
export function mean(values) {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? sum(known) / known.length : null;
}

/** @param {Values} values @returns {number | null} */
export function most(values) {
  const known = values.filter((value) => value !== null).map(Number);
  return known.length > 0 ? Math.max(...known) : null;
}

/** @param {number} of @param {number} by @returns {number | null} */
export const quotient = (of, by) => (by > 0 ? of / by : null);

/**
 * One column parted: a line for each cell, the largest first, `other` last.
 * @param {Answer} answer @param {string} column @param {number} count how many cells at most, `other` among them
 * @returns {{ lines: { cell: string, values: Values }[], more: number }} `more`: cells that only the table shows
 */
export function byCell(answer, column, count) {
  const windows = windowsOf(answer);
  const places = new Map(windows.map((window, index) => [window, index]));
  const values = valuesOf(answer, column);
  /** @type {Map<string, Values>} */
  const cells = new Map();
  answer.rows.forEach(([window, cell], index) => {
    const name = String(cell);
    if (!cells.has(name)) cells.set(name, Array(windows.length).fill(null));
    /** @type {Values} */ (cells.get(name))[/** @type {number} */ (places.get(String(window)))] = values[index] ?? null;
  });
  const sized = [...cells].map(([cell, each]) => ({ cell, values: each })).filter((line) => line.values.some((value) => value !== null));
  sized.sort((a, b) => Number(a.cell === "other") - Number(b.cell === "other") || sum(b.values) - sum(a.values));
  const other = sized.findIndex(({ cell }) => cell === "other");
  const kept = sized.length <= count ? sized : [...sized.slice(0, other < 0 ? count : count - 1), ...(other < 0 ? [] : sized.slice(other))];
  return { lines: kept, more: sized.length - kept.length };
}

/**
 * A day's course: what is true of each time of day, over the complete windows of many days. Averages are the mean, peaks
 * the greatest.
 * @param {Answer} answer by hours or quarters of them
 * @returns {{ times: string[], peak: Values, average: Values, active: Values }}
 */
export function courseOfDay(answer) {
  const partial = new Set(answer.partial);
  /** @type {Map<string, number[]>} */
  const places = new Map();
  answer.rows.forEach(([window], index) => {
    if (partial.has(String(window))) return;
    const time = String(window).slice(11, 16);
    places.set(time, [...(places.get(time) ?? []), index]);
  });
  const times = [...places.keys()].sort();
  const of = (/** @type {string} */ column, /** @type {(values: Values) => number | null} */ gather) => {
    const values = valuesOf(answer, column);
    return times.map((time) => gather((places.get(time) ?? []).map((index) => values[index] ?? null)));
  };
  return { times, peak: of("open_sessions_peak", most), average: of("open_sessions_average", mean), active: of("active_concurrent", most) };
}

/** @param {Answer} answer @returns {boolean} whether nothing has ever been stored, or nothing of this range */
export const isEmpty = (answer) => answer.rows.every((row) => row.slice(1).every((value) => value === null || value === 0 || typeof value === "string"));
