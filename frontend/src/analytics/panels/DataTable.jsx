import { columnsOf, partOf } from "../numbers/answer.js";
import { describeColumn, sayCell } from "../numbers/columns.js";
import { say, sayWindow } from "../numbers/units.js";

/**
 * An answer as it came, in words. @param {{ answer: import("../numbers/answer.js").Answer, metrics: string[], caption: string,
 *   dayHref?: (day: string) => string, follow?: (event: import("react").MouseEvent<HTMLAnchorElement>) => void }} props
 *   `metrics`: only their columns
 */
export function DataTable({ answer, metrics, caption, dayHref, follow }) {
  const { rows, grain, partial } = answer;
  const part = partOf(answer);
  const partials = new Set(partial);
  const wanted = columnsOf(answer, metrics).map((each) => ({ ...each, ...describeColumn(each.column) }));
  const hasWindow = grain !== "total";
  return (
    <div className="scroll data" tabIndex={0} role="region" aria-label={`${caption}, as a table`}>
      <table>
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {hasWindow && <th scope="col">{grain === "day" ? "Day" : grain === "week" ? "Week of" : "From"}</th>}
            {part && <th scope="col">{describeColumn(part).label}</th>}
            {wanted.map(({ column, label }) => <th key={column} scope="col">{label}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => {
            const window = String(row[0]);
            const text = `${sayWindow(window)}${partials.has(window) ? " (not complete)" : ""}`;
            return (
              <tr key={index}>
                {hasWindow && <th scope="row">{dayHref && grain === "day" ? <a href={dayHref(window)} onClick={follow}>{text}</a> : text}</th>}
                {part && (hasWindow ? <td>{sayCell(String(row[1]), part)}</td> : <th scope="row">{sayCell(String(row[1]), part)}</th>)}
                {wanted.map(({ column, place, unit }) => <td key={column} className="number">{say(/** @type {number | null} */ (row[place]), unit)}</td>)}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
