import { useId } from "react";

import { describe } from "../../text/messages.js";
import { columnsOf } from "../numbers/answer.js";
import { DataTable } from "./DataTable.jsx";
import { Definitions } from "./Definitions.jsx";
import { SaveCsv } from "./SaveCsv.jsx";

/**
 * @typedef {import("../numbers/answer.js").Answer} Answer
 * @typedef {{ id: string, title: string, metrics: string[], url: string, asked: import("../useQuestion.js").Asked, registry: any[] | null,
 *   show: string[], toggle: (what: string) => void, printing: boolean, lead?: import("react").ReactNode, notes?: (string | false | null)[],
 *   controls?: import("react").ReactNode, dayHref?: (day: string) => string,
 *   follow?: (event: import("react").MouseEvent<HTMLAnchorElement>) => void, children: (answer: Answer) => import("react").ReactNode }} PanelProps
 *   `url`: the question of this panel alone, for its CSV; `show`: `<id>.table`, `<id>.sql` are open
 */

/** On paper, tables up to this size come with their chart; larger ones when they are open. */
const PRINTED = { rows: 31, columns: 8 };

/** A chart with its table, its CSV, and what its numbers mean. @param {PanelProps} props */
export function Panel({ id, title, metrics, url, asked, registry, show, toggle, printing, lead, notes = [], controls, dayHref, follow, children }) {
  const own = useId();
  const { data, error, busy, reload } = asked;
  const isPrinted = printing && data && data.rows.length <= PRINTED.rows && columnsOf(data, metrics).length <= PRINTED.columns;
  const isTable = data && (show.includes(`${id}.table`) || isPrinted);
  const isSql = show.includes(`${id}.sql`);
  return (
    <section className="card panel" id={id} aria-labelledby={`${own}-title`} aria-busy={busy || (!data && !error)}>
      <div className="panel-head">
        <h2 id={`${own}-title`}>{title}</h2>
        <div className="tools">
          <Toggle name="Table" of={title} isOpen={!!isTable} controls={`${own}-table`} onClick={() => toggle(`${id}.table`)} />
          <SaveCsv url={url} name={id} of={title} />
          <Toggle name="SQL" of={title} isOpen={isSql} controls={`${own}-sql`} onClick={() => toggle(`${id}.sql`)} />
        </div>
      </div>
      {lead && <p className="hint lead">{lead}</p>}
      {controls}
      <div className="panel-body">
        {error && (
          <div className="panel-error">
            <p className="alert" role="alert">{explain(error)}</p>
            <button type="button" className="quiet" onClick={reload}>Ask again</button>
          </div>
        )}
        {!data && !error && <div className="skeleton" aria-hidden="true" />}
        {data && children(data)}
      </div>
      {data && notes.filter(Boolean).map((note) => <p key={String(note)} className="hint note">{note}</p>)}
      <div id={`${own}-table`}>{isTable && <DataTable answer={data} metrics={metrics} caption={title} dayHref={dayHref} follow={follow} />}</div>
      <div id={`${own}-sql`}>{isSql && <Definitions metrics={metrics} registry={registry} versions={data?.metric_versions} />}</div>
    </section>
  );
}

/** @param {{ name: string, of: string, isOpen: boolean, controls: string, onClick: () => void }} props */
function Toggle({ name, of, isOpen, controls, onClick }) {
  return (
    <button type="button" className="tool" aria-expanded={isOpen} aria-controls={controls} onClick={onClick}>
      <span className="unseen">{isOpen ? "Hide " : "Show "}</span>
      {name}
      <span className="unseen"> of {of}</span>
    </button>
  );
}

/** What a refusal of a question means to its reader. @param {any} error @returns {string} */
export function explain(error) {
  if (error.code === "validation_failed" && error.fields?.length > 0) {
    return `The service does not answer this: ${error.fields.map((/** @type {{ field: string, message: string }} */ { field, message }) => `${field}: ${message}`).join("; ")}.`;
  }
  if (error.status === 404) return "This service does not have these numbers yet.";
  return describe(error);
}
