import { useState } from "react";

import { describe } from "../text/messages.js";

/**
 * A button that does one thing at a time and says beside it what went wrong.
 * @param {{ label: string, busyLabel: string, name?: string, kind?: "primary" | "quiet" | "danger",
 *   run: () => Promise<unknown> }} props `name`: what a screen reader says, where the label alone is not clear
 */
export function Action({ label, busyLabel, name, kind = "quiet", run }) {
  const [busy, setBusy] = useState(false);
  const [alert, setAlert] = useState("");

  async function onClick() {
    if (busy) return;
    setBusy(true);
    setAlert("");
    await run().catch((error) => setAlert(describe(error)));
    setBusy(false);
  }

  return (
    <>
      {/* aria-disabled, for `disabled` would throw the focus away */}
      <button type="button" className={kind} aria-label={busy ? undefined : name} aria-disabled={busy} onClick={onClick}>{busy ? busyLabel : label}</button>
      <p className="alert" role="alert">{alert}</p>
    </>
  );
}
