/** Scales and their ticks: one module for all charts, so that the same number always looks the same. */

import { sayMonth, sayShortDay } from "./units.js";

/**
 * @typedef {{ min: number, max: number, ticks: number[], at: (value: number) => number }} Scale `at`: 0 at the bottom, 1 at the top
 * @typedef {{ index: number, text: string }} Tick
 */

const STEPS = [1, 2, 2.5, 5, 10];
/** Where a length of time is marked, in seconds. */
const LENGTH_MARKS = [1, 10, 60, 600, 3600, 14_400, 86_400, 604_800, 2_592_000, 31_536_000];

/** @param {number} span @param {number} most @returns {number} a round distance that needs at most so many steps */
export function roundStep(span, most) {
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return /** @type {number} */ (STEPS.find((step) => step * power >= rough * (1 - 1e-9))) * power;
}

/**
 * @param {(number | null)[]} values @param {{ kind: "zero" | "fit", whole?: boolean, top?: number, most?: number }} how `zero`:
 *   begins at 0, as bars and counts must; `whole`: no ticks between whole numbers; `top`: nothing lies above it, a share's 1
 * @returns {Scale}
 */
export function linear(values, { kind, whole = false, top = Infinity, most = 4 }) {
  const known = values.filter((value) => value !== null);
  const high = known.length > 0 ? Math.max(...known) : 1;
  const low = kind === "zero" || known.length === 0 ? Math.min(0, ...known) : Math.min(...known);
  const span = high - low || Math.abs(high) || 1;
  const step = Math.max(roundStep(span, most), whole ? 1 : 0);
  const floor = Math.floor(low / step + 1e-9) * step;
  const min = floor >= top ? top - step : floor;
  const max = Math.max(Math.min(Math.ceil(high / step - 1e-9) * step, top), min + step);
  const ticks = [];
  for (let i = 0; min + i * step <= max + step / 1e6; i++) ticks.push(Number((min + i * step).toPrecision(12)));
  return { min, max, ticks, at: (value) => (value - min) / (max - min) };
}

/** For lengths of time, which reach from seconds to months. @param {(number | null)[]} values seconds @returns {Scale} */
export function lengths(values) {
  const known = values.filter((value) => value !== null && value > 0).map(Number);
  const least = Math.min(...known, 3600);
  const most = Math.max(...known, 3600);
  const from = Math.max(LENGTH_MARKS.findLastIndex((mark) => mark <= least), 0);
  const to = LENGTH_MARKS.findIndex((mark) => mark >= most);
  const ticks = LENGTH_MARKS.slice(from, (to < 0 ? LENGTH_MARKS.length : Math.max(to, from + 1)) + 1);
  const min = /** @type {number} */ (ticks[0]);
  const max = /** @type {number} */ (ticks.at(-1));
  return { min, max, ticks, at: (value) => Math.log(Math.max(value, min) / min) / Math.log(max / min) };
}

/**
 * Which days are named below a chart: each, then Mondays, then every second of them, then months.
 * @param {string[]} days @param {number} most @returns {Tick[]}
 */
export function dayTicks(days, most) {
  const of = (/** @type {(day: string, date: Date, index: number) => boolean} */ wanted, say = sayShortDay) =>
    days.map((day, index) => ({ day, index })).filter(({ day, index }) => wanted(day, new Date(Date.parse(day)), index)).map(({ day, index }) => ({ index, text: say(day) }));
  const ways = [
    of(() => true),
    of((_, __, index) => (days.length - 1 - index) % 2 === 0),
    of((_, date) => date.getUTCDay() === 1),
    of((_, date) => date.getUTCDay() === 1 && Math.round(date.getTime() / 604_800_000) % 2 === 0),
    of((day) => day.endsWith("-01"), sayMonth),
    of((day, date) => day.endsWith("-01") && date.getUTCMonth() % 3 === 0, sayMonth),
  ];
  return ways.find((ticks) => ticks.length > 0 && ticks.length <= most) ?? [{ index: 0, text: sayShortDay(days[0] ?? "2000-01-01") }];
}

/** @param {string[]} times of day, "HH:MM" @param {number} most @returns {Tick[]} at round hours */
export function clockTicks(times, most) {
  const hours = [1, 2, 3, 6, 12].find((step) => 24 / step <= most) ?? 12;
  return times.map((text, index) => ({ index, text })).filter(({ text }) => text.endsWith(":00") && Number(text.slice(0, 2)) % hours === 0);
}

/**
 * Labels beside the ends of lines, pushed apart until none covers another.
 * @param {number[]} places where they would stand, px @param {number} gap px @param {number} lowest px
 * @returns {number[]}
 */
export function apart(places, gap, lowest) {
  const order = places.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  order.forEach((each, i) => {
    const before = order[i - 1];
    if (before) each.y = Math.max(each.y, before.y + gap);
  });
  let bottom = lowest;
  for (const each of order.toReversed()) {
    each.y = Math.min(each.y, bottom);
    bottom = each.y - gap;
  }
  const found = [...places];
  for (const { y, index } of order) found[index] = y;
  return found;
}
