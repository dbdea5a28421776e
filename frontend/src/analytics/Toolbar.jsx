import { useMemo } from "react";

import { PARTS, RANGES, periodOf } from "./numbers/address.js";
import { addDays, isDay, ownZone } from "./numbers/days.js";
import { sayCell } from "./numbers/columns.js";

/** @typedef {import("./numbers/address.js").View} View */

/** @param {{ view: View, cells: string[], change: (next: Partial<View>) => void }} props `cells`: what `only` may be */
export function Toolbar({ view, cells, change }) {
  const zones = useMemo(() => [...new Set([ownZone(), "UTC", ...Intl.supportedValuesOf("timeZone")])], []);
  const values = view.only && !cells.includes(view.only) ? [view.only, ...cells] : cells;

  /** @param {View["range"]} range */
  function choose(range) {
    if (range !== "custom") return change({ range, first: "", last: "" });
    const { from, to } = periodOf(view, Date.now());
    change({ range, first: from, last: addDays(to, -1) });
  }

  /** @param {"first" | "last"} which @param {string} day */
  function setDay(which, day) {
    if (!isDay(day)) return;
    const next = { ...view, [which]: day };
    // The other end follows, so that there is always at least a day.
    if (next.first > next.last) next[which === "first" ? "last" : "first"] = day;
    change({ first: next.first, last: next.last });
  }

  return (
    <form className="toolbar" aria-label="What is shown" onSubmit={(event) => event.preventDefault()}>
      <fieldset className="segments">
        <legend className="unseen">Range</legend>
        {RANGES.map((range) => (
          <label key={range}>
            <input type="radio" name="range" value={range} checked={view.range === range} onChange={() => choose(range)} />
            <span>{range === "custom" ? "Custom" : `${range} days`}</span>
          </label>
        ))}
      </fieldset>
      {view.range === "custom" && (
        <>
          <label className="control">From <input type="date" value={view.first} onChange={({ target }) => setDay("first", target.value)} /></label>
          <label className="control">Through <input type="date" value={view.last} onChange={({ target }) => setDay("last", target.value)} /></label>
        </>
      )}
      <label className="control">
        Time zone
        <select value={view.tz} onChange={({ target }) => change({ tz: target.value })}>
          {(zones.includes(view.tz) ? zones : [view.tz, ...zones]).map((zone) => <option key={zone} value={zone}>{zone.replaceAll("_", " ")}</option>)}
        </select>
      </label>
      <label className="control">
        Break down by
        <select value={view.by} onChange={({ target }) => change({ by: /** @type {View["by"]} */ (target.value), only: "" })}>
          <option value="">Nothing</option>
          {PARTS.map(({ name, label }) => <option key={name} value={name}>{label}</option>)}
        </select>
      </label>
      {view.by && (
        <label className="control">
          Only
          <select value={view.only} onChange={({ target }) => change({ only: target.value })}>
            <option value="">Each of them</option>
            {values.map((cell) => <option key={cell} value={cell}>{sayCell(cell, view.by)}</option>)}
          </select>
        </label>
      )}
      <label className="check compare">
        <input type="checkbox" checked={view.compare} onChange={({ target }) => change({ compare: target.checked })} /> Compare with the period before
      </label>
    </form>
  );
}
