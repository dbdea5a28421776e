import { Ranking } from "../charts/Ranking.jsx";
import { partOf, sum, valuesOf } from "../numbers/answer.js";
import { describeColumn, sayCell } from "../numbers/columns.js";
import { UNIT_NAMES, say } from "../numbers/units.js";
import { Panel } from "./Panel.jsx";

/**
 * A panel of cells by size, over the whole range.
 * @param {Omit<import("./Panel.jsx").PanelProps, "children"> & { column: string, second?: string, isWhole?: boolean, empty: string,
 *   look?: string, cellHref?: (cell: string) => string | undefined }} props `second`: a column said beside each name; `isWhole`:
 *   cells add up, so that each has its share; `empty`: said when there are none; `cellHref`: where a cell's sessions are
 */
export function RankingPanel({ column, second, isWhole = false, empty, look, cellHref, notes = [], ...panel }) {
  const { data } = panel.asked;
  const said = [...notes, data?.suppressed > 0 && "Groups of too few people are counted under “Other”, so that nobody can be singled out."];
  return (
    <Panel {...panel} notes={said}>
      {(answer) => {
        const part = partOf(answer) ?? "";
        const values = valuesOf(answer, column);
        const before = valuesOf(answer, `${column}_previous`);
        const beside = second ? valuesOf(answer, second) : [];
        const ranks = answer.rows
          .map((row, index) => {
            const cell = String(row[1]);
            const note = second ? `${say(beside[index], describeColumn(second).unit)} ${describeColumn(second).label.toLowerCase()}` : undefined;
            return { cell, name: sayCell(cell, part), value: values[index] ?? null, before: before[index] ?? null, note, href: cell === "other" ? undefined : cellHref?.(cell) };
          })
          .sort((a, b) => Number(a.cell === "other") - Number(b.cell === "other") || (b.value ?? 0) - (a.value ?? 0));
        if (ranks.length === 0) return <p className="hint nothing">{empty}</p>;
        const { unit } = describeColumn(column);
        const compare = answer.columns.includes(`${column}_previous`) && before.some((value) => value);
        return <Ranking caption={panel.title} ranks={ranks} unit={unit} look={look} whole={isWhole ? sum(values) : undefined} compare={compare} head={[describeColumn(part).label, UNIT_NAMES[unit]]} follow={panel.follow} />;
      }}
    </Panel>
  );
}
