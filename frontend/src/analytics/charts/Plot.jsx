import { useId, useState } from "react";

import { say } from "../numbers/units.js";
import { apart } from "../numbers/scale.js";
import { areaPath, linePath } from "./paths.js";
import { useWidth } from "./useWidth.js";

/**
 * @typedef {import("../numbers/units.js").Unit} Unit
 * @typedef {import("../numbers/scale.js").Scale} Scale
 * @typedef {{ name: string, values: (number | null)[], unit: Unit, look: string, kind?: "line" | "bars" }} Series `look`: a class
 *   of the style sheet, `s1` to `s6` or `before`
 * @typedef {{ title: string, height?: number, series: Series[], scale: Scale, count: number, ticks: import("../numbers/scale.js").Tick[],
 *   say: (index: number) => string, partial: Set<number>, pick?: (index: number) => void, pickHint?: string }} PlotProps
 *   `say`: a place on the x axis in words; `pick`: it was chosen, by Enter or a click
 */

const [LEFT, TOP, BOTTOM] = [46, 10, 24];
const LABEL_GAP = 15;
/** Narrower than this, lines are named above the chart alone. */
const ROOM_FOR_NAMES = 520;
const NAME_WIDTH = 132;

/**
 * Lines or bars over time. The line above it says the values of one place: the last complete one, or where the pointer
 * is. To the keyboard and to screen readers it is a slider along time, whose value is that line.
 * @param {PlotProps} props
 */
export function Plot({ title, height = 220, series, scale, count, ticks, say: sayPlace, partial, pick, pickHint }) {
  const id = useId();
  const [box, width] = useWidth();
  const [chosen, setChosen] = useState(/** @type {number | null} */ (null));
  const lastComplete = Math.max(findLast(count, (index) => !partial.has(index) && series.some(({ values }) => values[index] !== null)), 0);
  const current = Math.min(chosen ?? lastComplete, count - 1);
  const named = series.filter(({ look }) => look !== "before");
  const right = width >= ROOM_FOR_NAMES && named.length > 1 && named.every(({ kind }) => kind !== "bars") ? NAME_WIDTH : 12;
  const inner = { width: Math.max(width - LEFT - right, 10), height: height - TOP - BOTTOM };
  const isBars = series.some(({ kind }) => kind === "bars");
  const slot = inner.width / Math.max(isBars ? count : count - 1, 1);
  const x = (/** @type {number} */ index) => LEFT + (isBars ? slot * (index + 0.5) : count === 1 ? inner.width / 2 : slot * index);
  const y = (/** @type {number} */ value) => TOP + inner.height * (1 - scale.at(value));
  const placesOf = (/** @type {(number | null)[]} */ values) => values.map((value) => (value === null ? null : y(value)));
  const readings = series.map((each) => `${each.name} ${say(each.values[current] ?? null, each.unit)}`);
  const whole = `${sayPlace(current)}${partial.has(current) ? ", not complete yet" : ""}`;

  /** @param {import("react").PointerEvent<Element>} event */
  function point(event) {
    const { left } = event.currentTarget.getBoundingClientRect();
    const place = (event.clientX - left - LEFT) / slot - (isBars ? 0.5 : 0);
    setChosen(Math.min(Math.max(Math.round(place), 0), count - 1));
  }

  /** @param {import("react").KeyboardEvent} event */
  function move(event) {
    const to = { ArrowLeft: current - 1, ArrowDown: current - 1, ArrowRight: current + 1, ArrowUp: current + 1, PageDown: current - 7, PageUp: current + 7, Home: 0, End: count - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setChosen(Math.min(Math.max(to, 0), count - 1));
    } else if (event.key === "Escape") setChosen(null);
    else if (event.key === "Enter" && pick) pick(current);
  }

  const ends = named.flatMap(({ name, values, look }) => {
    const at = findLast(count, (index) => (values[index] ?? null) !== null);
    return at < 0 ? [] : [{ name, look, y: y(Number(values[at])) }];
  });
  const labels = apart(ends.map((end) => end.y), LABEL_GAP, height - BOTTOM);

  return (
    <div className="plot">
      <p className="reading" aria-hidden="true">
        <span className="reading-when">{whole}</span>
        {series.map((each, index) => (
          <span key={`${each.name} ${index}`} className="reading-value">
            <svg className={`key ${each.look}`} width="14" height="10"><line x1="0" x2="14" y1="5" y2="5" /></svg>
            {each.name} <b>{say(each.values[current] ?? null, each.unit)}</b>
          </span>
        ))}
      </p>
      <div
        ref={box}
        className={pick ? "canvas pickable" : "canvas"}
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-describedby={pick ? `${id}-hint` : undefined}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={count - 1}
        aria-valuenow={current}
        aria-valuetext={`${whole}: ${readings.join(", ")}`}
        onKeyDown={move}
        onPointerMove={point}
        onPointerLeave={() => setChosen(null)}
        onClick={(event) => /** @type {PointerEvent} */ (event.nativeEvent).pointerType === "mouse" && pick?.(current)}
      >
        <svg viewBox={`0 0 ${Math.max(width, 1)} ${height}`} width="100%" height={height} aria-hidden="true" focusable="false">
          <defs>
            <pattern id={`${id}-hatch`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <line className="hatch" x1="0" y1="0" x2="0" y2="5" />
            </pattern>
          </defs>
          {width > 0 && (
            <>
              {scale.ticks.map((tick) => (
                <g key={tick} className="grid">
                  <line x1={LEFT} x2={LEFT + inner.width} y1={y(tick)} y2={y(tick)} />
                  <text x={LEFT - 8} y={y(tick)} dy="0.32em" textAnchor="end">{say(tick, /** @type {Series} */ (series[0]).unit)}</text>
                </g>
              ))}
              {ticks.map(({ index, text }) => (
                <text key={index} className="tick" x={Math.min(x(index), width - 16)} y={height - 6} textAnchor="middle">{text}</text>
              ))}
              {[...partial].filter((index) => series.some(({ values }) => (values[index] ?? null) !== null)).map((index) => (
                <rect key={index} className="partial" fill={`url(#${id}-hatch)`} x={x(index) - slot / 2} y={TOP} width={Math.min(slot, LEFT + inner.width - x(index) + slot / 2)} height={inner.height} />
              ))}
              <line className="crosshair" x1={x(current)} x2={x(current)} y1={TOP} y2={TOP + inner.height} />
              {series.toSorted((a, b) => Number(b.look === "before") - Number(a.look === "before")).map((each, index) =>
                each.kind === "bars" ? (
                  <Bars key={index} look={each.look} places={placesOf(each.values)} x={x} floor={y(Math.max(scale.min, 0))} slot={slot} partial={partial} />
                ) : (
                  <Curve key={index} look={each.look} places={placesOf(each.values)} x={x} floor={TOP + inner.height} partial={partial} isFilled={named.length === 1 && each.look !== "before"} />
                ),
              )}
              {!isBars && named.map(({ values, look }, index) => (values[current] ?? null) !== null && <circle key={index} className={`dot ${look}`} cx={x(current)} cy={y(Number(values[current]))} r="3.5" />)}
              {right === NAME_WIDTH && ends.map(({ name, look }, index) => (
                <text key={`${name} ${index}`} className={`end ${look}`} x={LEFT + inner.width + 10} y={labels[index]} dy="0.32em">{name}</text>
              ))}
            </>
          )}
        </svg>
      </div>
      {pick && <p className="hint" id={`${id}-hint`} hidden>{pickHint}</p>}
    </div>
  );
}

/** @param {{ look: string, places: (number | null)[], x: (index: number) => number, floor: number, partial: Set<number>, isFilled: boolean }} props */
function Curve({ look, places, x, floor, partial, isFilled }) {
  const { solid, dashed } = linePath(places, x, partial);
  return (
    <g className={`curve ${look}`}>
      {isFilled && <path className="area" d={areaPath(places, x, floor, partial)} />}
      <path d={solid} />
      <path className="dashed" d={dashed} />
    </g>
  );
}

/** @param {{ look: string, places: (number | null)[], x: (index: number) => number, floor: number, slot: number, partial: Set<number> }} props */
function Bars({ look, places, x, floor, slot, partial }) {
  const wide = Math.max(Math.min(slot * 0.7, 22), 1.5);
  return (
    <g className={`bars ${look}`}>
      {places.map((y, index) => y !== null && floor - y > 0.1 && (
        <rect key={index} className={partial.has(index) ? "open" : undefined} x={x(index) - wide / 2} y={y} width={wide} height={floor - y} rx={Math.min(wide / 4, 2)} />
      ))}
    </g>
  );
}

/** @param {number} count @param {(index: number) => boolean} holds @returns {number} -1 where none does */
function findLast(count, holds) {
  for (let index = count - 1; index >= 0; index--) if (holds(index)) return index;
  return -1;
}
