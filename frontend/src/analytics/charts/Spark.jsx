import { areaPath, linePath } from "./paths.js";
import { linear } from "../numbers/scale.js";

const [WIDTH, HEIGHT] = [120, 34];

/** The course of a number, without axes: what it says is said in words beside it. @param {{ values: (number | null)[], partial: Set<number> }} props */
export function Spark({ values, partial }) {
  const scale = linear(values, { kind: "fit" });
  const [low, high] = [Math.min(...values.filter((value) => value !== null).map(Number)), Math.max(...values.filter((value) => value !== null).map(Number))];
  const at = (/** @type {number} */ value) => (high > low ? (value - low) / (high - low) : scale.at(value));
  const places = values.map((value) => (value === null ? null : HEIGHT - 3 - (HEIGHT - 6) * at(value)));
  const x = (/** @type {number} */ index) => (index / Math.max(values.length - 1, 1)) * WIDTH;
  const { solid, dashed } = linePath(places, x, partial);
  return (
    <svg className="spark curve s1" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path className="area" d={areaPath(places, x, HEIGHT, partial)} />
      <path d={solid} />
      <path className="dashed" d={dashed} />
    </svg>
  );
}
