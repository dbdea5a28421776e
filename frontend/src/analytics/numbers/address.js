/** What is looked at, as the address of the page says it: a link shows somebody else the same. */

import { addDays, daysBetween, isDay, isZone, today } from "./days.js";

/**
 * @typedef {"device_class" | "browser" | "os" | "country" | "client" | "method"} Part
 * @typedef {"device_class" | "browser" | "os"} DevicePart
 * @typedef {{ range: "7" | "28" | "90" | "custom", first: string, last: string, tz: string, compare: boolean,
 *   by: Part | "", only: string, device: DevicePart, show: string[] }} View `first`, `last`: local days, of a custom range
 *   alone; `by`: what numbers are parted by, or with `only` narrowed to; `show`: tables and SQL that are open
 * @typedef {{ from: string, to: string, days: number }} Period local days, without `to`
 */

export const RANGES = /** @type {const} */ (["7", "28", "90", "custom"]);
/** @type {{ name: Part, label: string }[]} */
export const PARTS = [
  { name: "device_class", label: "Device class" },
  { name: "browser", label: "Browser" },
  { name: "os", label: "Operating system" },
  { name: "country", label: "Country" },
  { name: "client", label: "Client" },
  { name: "method", label: "Sign-in method" },
];
export const DEVICE_PARTS = /** @type {const} */ (["device_class", "browser", "os"]);
const MOST_DAYS = 400;
const NAME_MAX = 64;
const SHOWN = /^[a-z]+\.(table|sql)$/;

/** What makes no sense is as if it were not there. @param {string} search @param {string} zone the browser's @returns {View} */
export function readView(search, zone) {
  const given = new URLSearchParams(search);
  const text = (/** @type {string} */ name) => given.get(name) ?? "";
  const first = isDay(text("first")) ? text("first") : "";
  const last = isDay(text("last")) ? text("last") : "";
  const isCustom = first !== "" && last !== "" && first <= last && daysBetween(first, last) < MOST_DAYS;
  const range = RANGES.find((each) => each === text("range") && each !== "custom") ?? (isCustom ? "custom" : "28");
  const by = PARTS.find(({ name }) => name === text("by"))?.name ?? "";
  return {
    range,
    first: range === "custom" ? first : "",
    last: range === "custom" ? last : "",
    tz: isZone(text("tz")) ? text("tz") : zone,
    compare: text("compare") !== "off",
    by,
    only: by ? text("only").slice(0, NAME_MAX) : "",
    device: DEVICE_PARTS.find((each) => each === text("device")) ?? "device_class",
    show: text("show").split(",").filter((each) => SHOWN.test(each)),
  };
}

/** The least that brings the same view back; the zone always, for the reader of a link may be elsewhere. @param {View} view @returns {string} */
export function writeView(view) {
  const said = new URLSearchParams();
  if (view.range === "custom") {
    said.set("first", view.first);
    said.set("last", view.last);
  } else if (view.range !== "28") said.set("range", view.range);
  said.set("tz", view.tz);
  if (!view.compare) said.set("compare", "off");
  if (view.by) said.set("by", view.by);
  if (view.by && view.only) said.set("only", view.only);
  if (view.device !== "device_class") said.set("device", view.device);
  if (view.show.length > 0) said.set("show", view.show.join(","));
  return `?${said.toString().replaceAll("%2F", "/").replaceAll("%2C", ",")}`;
}

/** Days up to today, today included. @param {View} view @param {number} now_ms @returns {Period} */
export function periodOf(view, now_ms) {
  if (view.range === "custom") return { from: view.first, to: addDays(view.last, 1), days: daysBetween(view.first, view.last) + 1 };
  const to = addDays(today(view.tz, now_ms), 1);
  return { from: addDays(to, -Number(view.range)), to, days: Number(view.range) };
}
