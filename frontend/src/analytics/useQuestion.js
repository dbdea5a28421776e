import { useCallback, useEffect, useState } from "react";

import { useAnswer } from "../components/useResource.js";

/**
 * @typedef {{ data: any, error: any, busy: boolean, reload: () => void }} Asked `data`: of the question before while
 *   `busy`; null at first, and after an error
 */

/**
 * The answer to a question as JSON. An answer that comes after the next question was asked is dropped: its request is
 * ended. What the browser keeps is asked about again (ETag), so going back costs little.
 * @param {string | null} url null: not asked @param {number} [round] when it moves, the same is asked again @returns {Asked}
 */
export function useQuestion(url, round = 0) {
  const ask = useAnswer();
  const [attempt, setAttempt] = useState(0);
  const [heard, setHeard] = useState(/** @type {{ to: string, data: any, error: any }} */ ({ to: "", data: null, error: null }));
  const to = url && `${url} ${attempt} ${round}`;
  useEffect(() => {
    if (!url || !to) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    ask("GET", url, { signal })
      .then((answer) => answer.json())
      .then((data) => signal.aborted || setHeard({ to, data, error: null }))
      .catch((error) => signal.aborted || setHeard({ to, data: null, error }));
    return () => leaving.abort();
  }, [ask, url, to]);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  return { data: url ? heard.data : null, error: url ? heard.error : null, busy: to !== null && heard.to !== to, reload };
}
