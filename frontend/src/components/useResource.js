import { useCallback, useEffect, useState } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { errorFrom } from "../services/authService.js";

/**
 * A request as the person signed in, with JSON both ways.
 * @returns {(method: string, path: string, body?: object) => Promise<any>} rejects with an AuthError for all but 2xx
 */
export function useRequest() {
  const { makeAuthenticatedRequest } = useAuth();
  return useCallback(
    async (method, path, body) => {
      const headers = /** @type {Record<string, string>} */ (body ? { "Content-Type": "application/json" } : {});
      const answer = await makeAuthenticatedRequest(path, { method, headers, body: body && JSON.stringify(body) });
      if (!answer.ok) throw await errorFrom(answer, Date.now());
      return answer.status === 200 ? answer.json() : null;
    },
    [makeAuthenticatedRequest],
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
