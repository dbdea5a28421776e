import { NOTHING, change, say } from "../numbers/units.js";

/**
 * @typedef {{ cell: string, name: string, value: number | null, before?: number | null, note?: string, href?: string }} Rank
 */

/**
 * Cells by size, as bars with their numbers beside them. It is a table to whoever cannot see it.
 * @param {{ caption: string, ranks: Rank[], unit: import("../numbers/units.js").Unit, look?: string, whole?: number, compare: boolean,
 *   head: [string, string], follow?: (event: import("react").MouseEvent<HTMLAnchorElement>) => void }} props `whole`: what is 100 %
 */
export function Ranking({ caption, ranks, unit, look = "s1", whole, compare, head, follow }) {
  const greatest = Math.max(...ranks.map(({ value }) => value ?? 0), 1);
  return (
    <table className="ranking">
      <caption className="unseen">{caption}</caption>
      <thead>
        <tr><th scope="col">{head[0]}</th><th scope="col"><span className="unseen">Bar</span></th><th scope="col">{head[1]}</th>{whole !== undefined && <th scope="col">Share</th>}{compare && <th scope="col" className="change">Change</th>}</tr>
      </thead>
      <tbody>
        {ranks.map(({ cell, name, value, before, note, href }) => (
          <tr key={cell} className={cell === "other" || cell === "unknown" ? "lesser" : undefined}>
            <th scope="row">
              {href ? <a href={href} onClick={follow}>{name}</a> : name}
              {note && <span className="hint">{note}</span>}
            </th>
            <td className="bar-cell">
              <svg className={`bars ${look}`} width="100%" height="14" aria-hidden="true" focusable="false">
                <rect className="track" width="100%" height="14" rx="3" />
                {value !== null && value > 0 && <rect width={`${Math.max((value / greatest) * 100, 0.8)}%`} height="14" rx="3" />}
              </svg>
            </td>
            <td className="number">{say(value, unit)}</td>
            {whole !== undefined && <td className="number">{whole > 0 ? say((value ?? 0) / whole, "share") : NOTHING}</td>}
            {compare && <td className="number change">{change(value, before, unit)?.text ?? NOTHING}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
