import { useCallback, useEffect, useMemo, useState } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { stepUp } from "../step-up/step-up.js";
import { createAsk, jsonOf } from "./ask.js";

/** A request as the person signed in, who is asked to prove it where an action wants that. @returns {import("./ask.js").Ask} */
export function useAnswer() {
  const { makeAuthenticatedRequest } = useAuth();
  return useMemo(() => stepUp.within(createAsk(makeAuthenticatedRequest)), [makeAuthenticatedRequest]);
}

/**
 * The same, with JSON both ways.
 * @returns {(method: string, path: string, body?: object) => Promise<any>} null where the answer has none
 */
export function useRequest() {
  const ask = useAnswer();
  return useCallback(async (method, path, body) => jsonOf(await ask(method, path, { body })), [ask]);
}

/** @param {string} path @returns {{ data: any, error: Error | null, reload: () => Promise<void> }} */
export function useResource(path) {
  const request = useRequest();
  const [loaded, setLoaded] = useState(/** @type {{ data: any, error: Error | null }} */ ({ data: null, error: null }));
  const reload = useCallback(async () => setLoaded({ data: await request("GET", path), error: null }), [request, path]);
  useEffect(() => {
    reload().catch((error) => setLoaded(({ data }) => ({ data, error })));
  }, [reload]);
  return { ...loaded, reload };
}
