import { useMemo } from "react";

import { createPasskeys } from "../auth/passkeys.js";
import { useAuth } from "../contexts/AuthContext.jsx";

/** @returns {import("../auth/passkeys.js").Passkeys} of the client at hand */
export function usePasskeys() {
  const { client } = useAuth();
  return useMemo(() => createPasskeys(client), [client]);
}

/** Whoever closed the browser's own dialog knows that: nothing need be said. @param {any} error */
export function unlessCancelled(error) {
  if (error.kind !== "aborted") throw error;
}
