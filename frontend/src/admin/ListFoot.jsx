import { describe } from "../text/messages.js";

/**
 * Below a list that comes page by page: how much is shown, more of it, or why there is none.
 * @param {{ count: number, cursor: string | null, busy: boolean, error: any, more: () => void, again: () => void, nothing: string }} props
 */
export function ListFoot({ count, cursor, busy, error, more, again, nothing }) {
  return (
    <>
      {count === 0 && !busy && !error && <p className="hint">{nothing}</p>}
      {error && (
        <div className="actions">
          <p className="alert" role="alert">{describe(error)}</p>
          <button type="button" className="quiet" onClick={again}>Load again</button>
        </div>
      )}
      <div className="list-foot">
        <p className="hint" role="status">{busy ? "Loading…" : count > 0 ? `${count} shown${cursor ? "" : ", that is all"}` : ""}</p>
        {cursor && !error && <button type="button" className="quiet" aria-disabled={busy} onClick={more}>Show more</button>}
      </div>
    </>
  );
}
