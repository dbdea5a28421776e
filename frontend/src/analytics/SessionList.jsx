import { useMemo } from "react";

import { Heading } from "../components/Heading.jsx";
import { follow } from "../components/useAddress.js";
import { usePages } from "../components/usePages.js";
import { explain } from "./panels/Panel.jsx";
import { describeColumn, sayCell } from "./numbers/columns.js";
import { addDays, ownZone } from "./numbers/days.js";
import { listQuery, readList, writeList } from "./numbers/session-list.js";
import { NOTHING, sayDays, sayInstant, sayMoment } from "./numbers/units.js";

/**
 * @typedef {{ session_id: string, user_key: string, started_at: string | null, last_active_at: string | null, ended_at: string | null,
 *   end_reason: string | null, client: string | null, device_class: string | null, browser: string | null, os: string | null,
 *   country: string | null, method: string | null, mfa_used: boolean, refresh_count: number, refresh_background_count: number,
 *   reuse_detected: boolean }} SessionRow
 */

/** The sessions behind a number, the newest first. @param {{ search: string, go: (to: string) => void }} props */
export function SessionList({ search, go }) {
  const list = useMemo(() => readList(search, ownZone(), Date.now()), [search]);
  const onLink = follow(go);
  const last = addDays(list.to, -1);
  /** @type {ReturnType<typeof usePages<SessionRow>>} */
  const { rows, cursor, error, busy, more, again } = usePages((cursor) => listQuery(list, cursor), "sessions");
  return (
    <>
      <Heading>Sessions</Heading>
      <p className="subline">
        {list.at === "ended" ? "Ended" : "Started"} {sayDays(list.from, last)} · {list.tz.replaceAll("_", " ")}
      </p>
      <div className="list-head">
        <a href={`/analytics${list.back}`} onClick={onLink}>Back to the numbers</a>
        <ul className="chips" aria-label="Filters">
          {Object.entries(list.filters).map(([name, value]) => (
            <li key={name}>
              {name === "reuse_detected" ? "Token reuse detected" : `${describeColumn(name).label}: ${sayCell(value, name)}`}
              <button type="button" aria-label={`Without ${name === "reuse_detected" ? "token reuse" : describeColumn(name).label.toLowerCase()}`} onClick={() => go(writeList({ ...list, filters: without(list.filters, name) }))}>×</button>
            </li>
          ))}
        </ul>
        <p className="hint">People are pseudonyms. That somebody looked at this list is noted in the audit.</p>
      </div>
      <section className="card" aria-label="Sessions" aria-busy={busy}>
        {rows.length > 0 && (
          <div className="scroll data tall-data" tabIndex={0} role="region" aria-label="Sessions, newest first">
            <table>
              <caption className="unseen">Sessions, newest first</caption>
              <thead>
                <tr>{["Started", "Last active", "Ended", "Device", "Country", "Client", "Signed in by", "Refreshes", "Person"].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
              </thead>
              <tbody>{rows.map((row) => <Row key={row.session_id} row={row} tz={list.tz} />)}</tbody>
            </table>
          </div>
        )}
        {rows.length === 0 && busy && <div className="panel-body"><div className="skeleton" aria-hidden="true" /></div>}
        {rows.length === 0 && !busy && !error && <p className="hint nothing">No session is like that. Take a filter away, or go back for a longer range.</p>}
        {error && (
          <div className="panel-error">
            <p className="alert" role="alert">{explain(error)}</p>
            <button type="button" className="quiet" onClick={again}>Ask again</button>
          </div>
        )}
        <div className="list-foot">
          <p className="hint" role="status">{busy ? "Loading…" : rows.length > 0 ? `${rows.length} shown${cursor ? "" : ", that is all"}` : ""}</p>
          {cursor && !error && <button type="button" className="quiet" aria-disabled={busy} onClick={more}>Show more</button>}
        </div>
      </section>
    </>
  );
}

/** @param {{ row: SessionRow, tz: string }} props */
function Row({ row, tz }) {
  const when = (/** @type {string | null} */ at) => (at ? <time dateTime={at} title={sayInstant(at, tz)}>{sayMoment(at, tz)}</time> : NOTHING);
  const device = [row.device_class && sayCell(row.device_class, "device_class"), row.browser, row.os].filter(Boolean).join(", ");
  return (
    <tr data-session={row.session_id}>
      <th scope="row">{when(row.started_at)}</th>
      <td>{when(row.last_active_at)}</td>
      <td>{row.ended_at ? <>{when(row.ended_at)}<span className="hint">{row.end_reason && sayCell(row.end_reason, "end_reason")}</span></> : "Open"}</td>
      <td>{device || NOTHING}{row.reuse_detected && <span className="badge warned">Token reuse</span>}</td>
      <td>{row.country ? sayCell(row.country, "country") : NOTHING}</td>
      <td>{row.client ?? NOTHING}</td>
      <td>{row.method ? sayCell(row.method, "method") : NOTHING}{row.mfa_used && <span className="hint">with a second factor</span>}</td>
      <td className="number">{row.refresh_count}<span className="hint">{row.refresh_background_count} background</span></td>
      <td><code title={row.user_key}>{row.user_key.slice(0, 8)}</code></td>
    </tr>
  );
}

/** @param {Record<string, string>} filters @param {string} name */
function without(filters, name) {
  return Object.fromEntries(Object.entries(filters).filter(([each]) => each !== name));
}
