import { say, sayShortDay } from "../numbers/units.js";

const LEVELS = 8;

/**
 * Cohorts down, weeks across: a table whose cells are as deep in colour as their share is high.
 * @param {{ caption: string, rows: { cohort: string, users: number | null, weeks: (number | null)[] }[] }} props
 */
export function HeatMap({ caption, rows }) {
  const weeks = rows[0]?.weeks.map((_, index) => index + 1) ?? [];
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`${caption}, by week`}>
      <table className="heat">
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr><th scope="col">Week of</th><th scope="col">Users</th>{weeks.map((week) => <th key={week} scope="col"><abbr title={`Active ${week} weeks later`}>w{week}</abbr></th>)}</tr>
        </thead>
        <tbody>
          {rows.map(({ cohort, users, weeks: shares }) => (
            <tr key={cohort}>
              <th scope="row">{sayShortDay(cohort)}</th>
              <td className="number">{say(users, "users")}</td>
              {shares.map((share, index) => (
                <td key={index} className={share === null ? "heat-none" : `heat-${Math.round(Math.min(share, 1) * LEVELS)}`}>
                  {share === null ? <span className="unseen">not complete</span> : say(Math.round(share * 100) / 100, "share")}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
