import { useEffect, useState } from "react";

import { useAnswer } from "./useResource.js";

/**
 * One page after the other of a list, begun anew for each other list.
 * @template Row
 * @param {(cursor: string | null) => string} addressOf where the page after a cursor is; that of null says which list it is
 * @param {string} name of the rows in an answer
 * @returns {{ rows: Row[], cursor: string | null, error: any, busy: boolean, more: () => void, again: () => void }}
 *   `cursor`: there is more; `again`: asks once more, after a failure
 */
export function usePages(addressOf, name) {
  const ask = useAnswer();
  const first = addressOf(null);
  const [pages, setPages] = useState(/** @type {{ rows: Row[], cursor: string | null, error: any, busy: boolean, of: string }} */ ({ of: "", rows: [], cursor: null, error: null, busy: true }));
  const [wanted, setWanted] = useState(/** @type {{ of: string, cursor: string | null, attempt: number }} */ ({ of: first, cursor: null, attempt: 0 }));
  const { cursor, attempt } = wanted.of === first ? wanted : { cursor: null, attempt: 0 };
  const address = cursor ? addressOf(cursor) : first;
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    setPages((before) => (before.of === first && cursor ? { ...before, busy: true, error: null } : { of: first, rows: [], cursor: null, error: null, busy: true }));
    ask("GET", address, { signal })
      .then((answer) => answer.json())
      .then((page) => signal.aborted || setPages((before) => ({ of: first, rows: [...before.rows, ...page[name]], cursor: page.next_cursor, error: null, busy: false })))
      .catch((error) => signal.aborted || setPages((before) => ({ ...before, error, busy: false })));
    return () => leaving.abort();
  }, [ask, first, address, cursor, attempt, name]);
  return {
    ...pages,
    more: () => pages.busy || setWanted({ of: first, cursor: pages.cursor, attempt }),
    again: () => setWanted({ of: first, cursor, attempt: attempt + 1 }),
  };
}
