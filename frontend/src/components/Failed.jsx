import { describe } from "../text/messages.js";
import { Action } from "./Action.jsx";

/** In place of what could not be loaded. @param {{ error: Error, reload: () => Promise<void> }} props */
export function Failed({ error, reload }) {
  return (
    <div className="actions">
      <p className="alert" role="alert">{describe(error)}</p>
      <Action label="Load again" busyLabel="Loading…" run={reload} />
    </div>
  );
}
