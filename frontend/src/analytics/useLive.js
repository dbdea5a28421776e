import { useEffect, useState } from "react";

import { useAnswer } from "../components/useResource.js";

const EVERY_MS = 15_000;

/**
 * Who is there now, asked again while somebody looks.
 * @returns {{ live: any, error: any }} `live`: null before the first answer, and while it fails
 */
export function useLive() {
  const ask = useAnswer();
  const [heard, setHeard] = useState(/** @type {{ live: any, error: any }} */ ({ live: null, error: null }));
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    async function look() {
      clearTimeout(timer);
      if (document.hidden) return;
      await ask("GET", "/api/analytics/live", { signal })
        .then((answer) => answer.json())
        .then((live) => signal.aborted || setHeard({ live, error: null }))
        .catch((error) => signal.aborted || setHeard({ live: null, error }));
      clearTimeout(timer);
      if (!signal.aborted && !document.hidden) timer = setTimeout(look, EVERY_MS);
    }
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      leaving.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [ask]);
  return heard;
}
