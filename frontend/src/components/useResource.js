import { useCallback, useEffect, useState } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { AuthError, errorFrom } from "../services/authService.js";

/**
 * A request as the person signed in.
 * @returns {(method: string, path: string, init?: { body?: object, signal?: AbortSignal }) => Promise<Response>} rejects
 *   with an AuthError for all but 2xx
 */
export function useAnswer() {
  const { makeAuthenticatedRequest } = useAuth();
  return useCallback(
    async (method, path, { body, signal } = {}) => {
      const headers = /** @type {Record<string, string>} */ (body ? { "Content-Type": "application/json" } : {});
      const answer = await makeAuthenticatedRequest(path, { method, headers, body: body && JSON.stringify(body), signal }).catch((cause) => {
        // What `fetch` calls a TypeError is the network's.
        throw cause instanceof TypeError ? new AuthError("network", { cause }) : cause;
      });
      if (!answer.ok) throw await errorFrom(answer, Date.now());
      return answer;
    },
    [makeAuthenticatedRequest],
  );
}

/**
 * The same, with JSON both ways.
 * @returns {(method: string, path: string, body?: object) => Promise<any>} null where the answer has none
 */
export function useRequest() {
  const ask = useAnswer();
  return useCallback(
    async (method, path, body) => {
      const answer = await ask(method, path, { body });
      return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : null;
    },
    [ask],
  );
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
