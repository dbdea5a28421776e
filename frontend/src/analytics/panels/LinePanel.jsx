import { Plot } from "../charts/Plot.jsx";
import { byCell, partOf, partialOf, sayPartial, valuesOf, windowsOf } from "../numbers/answer.js";
import { describeColumn, sayCell } from "../numbers/columns.js";
import { dayTicks, lengths, linear } from "../numbers/scale.js";
import { sayWindow } from "../numbers/units.js";
import { Panel } from "./Panel.jsx";

/**
 * @typedef {{ columns: string[], measure: string, names?: Record<string, string>, scale: "zero" | "fit" | "lengths", kind?: "line" | "bars" }} Drawn
 *   `columns` are drawn as lines; parted, `measure` alone is, a line for each cell
 */

const LOOKS = ["s1", "s2", "s3", "s4", "s5", "s6"];
const MOST_LINES = 6;
const MOST_TICKS = 9;

/**
 * A panel of lines over days.
 * @param {Omit<import("./Panel.jsx").PanelProps, "children"> & { drawn: Drawn, pickDay?: (day: string) => void }} props
 */
export function LinePanel({ drawn, pickDay, notes = [], ...panel }) {
  const { data } = panel.asked;
  const part = data && partOf(data);
  const found = part && byCell(data, drawn.measure, MOST_LINES);
  const said = [
    ...notes,
    sayPartial(data),
    part && `By ${describeColumn(part).label.toLowerCase()}: ${describeColumn(drawn.measure).label.toLowerCase()}.${found.more > 0 ? ` ${found.more} more are in the table.` : ""}`,
    data?.suppressed > 0 && "Groups of too few people are counted under “Other”, or not shown at all, so that nobody can be singled out.",
  ];
  return (
    <Panel {...panel} notes={said}>
      {(answer) => <Lines title={panel.title} answer={answer} drawn={drawn} pickDay={pickDay} />}
    </Panel>
  );
}

/** @param {{ title: string, answer: import("../numbers/answer.js").Answer, drawn: Drawn, pickDay?: (day: string) => void }} props */
export function Lines({ title, answer, drawn, pickDay }) {
  const part = partOf(answer);
  const days = windowsOf(answer);
  const series = part ? partedSeries(answer, part, drawn.measure) : plainSeries(answer, drawn);
  const all = series.flatMap(({ values }) => values);
  if (all.every((value) => value === null)) return <p className="hint nothing">{part ? "Nothing is shown here: the groups are too small, or nothing happened." : "Nothing of this happened in this range."}</p>;
  const unit = describeColumn(drawn.measure).unit;
  const scale =
    drawn.scale === "lengths"
      ? lengths(all)
      : linear(all, { kind: drawn.scale, whole: unit !== "share" && unit !== "rate", top: unit === "share" ? 1 : Infinity });
  return (
    <Plot
      title={`${title}, by ${answer.grain}`}
      series={series}
      scale={scale}
      count={days.length}
      ticks={dayTicks(days, MOST_TICKS)}
      say={(index) => sayWindow(days[index] ?? "", answer.grain)}
      partial={partialOf(answer)}
      pick={answer.grain === "day" && pickDay ? (index) => pickDay(days[index] ?? "") : undefined}
      pickHint="Enter shows the sessions of that day."
    />
  );
}

/** @param {import("../numbers/answer.js").Answer} answer @param {Drawn} drawn @returns {import("../charts/Plot.jsx").Series[]} */
function plainSeries(answer, { columns, measure, names = {}, kind }) {
  /** @type {import("../charts/Plot.jsx").Series[]} */
  const series = columns.map((column, index) => {
    const { label, unit } = describeColumn(column);
    return { name: names[column] ?? label, values: valuesOf(answer, column), unit, look: LOOKS[index] ?? "s6", kind };
  });
  if (!answer.columns.includes(`${measure}_previous`)) return series;
  const before = valuesOf(answer, `${measure}_previous`);
  if (before.every((value) => !value)) return series;
  const first = names[measure] ?? describeColumn(measure).label;
  const name = columns.length > 1 ? `${first}, before` : "Before";
  const place = columns.indexOf(measure) + 1;
  return series.toSpliced(place, 0, { name, values: before, unit: describeColumn(measure).unit, look: "before" });
}

/** @param {import("../numbers/answer.js").Answer} answer @param {string} part @param {string} measure @returns {import("../charts/Plot.jsx").Series[]} */
function partedSeries(answer, part, measure) {
  const { unit } = describeColumn(measure);
  return byCell(answer, measure, MOST_LINES).lines.map(({ cell, values }, index) => ({ name: sayCell(cell, part), values, unit, look: LOOKS[index] ?? "s6" }));
}
