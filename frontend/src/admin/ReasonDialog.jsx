import { useState } from "react";

import { Dialog } from "../components/Dialog.jsx";
import { Form } from "../components/Form.jsx";

/** @type {import("../components/Form.jsx").FieldOptions} */
const REASON = {
  name: "reason",
  label: "Reason",
  hint: "Kept in the audit, with your name.",
  missing: "Say why.",
  input: { type: "text", maxLength: 200, autoComplete: "off" },
};

/**
 * Asks for a reason, and whether it is meant, before something is done with an account.
 * @param {{ title: string, label: string, kind: "primary" | "danger", fields?: import("../components/Form.jsx").FieldOptions[],
 *   run: (typed: Record<string, string>) => Promise<void>, close: () => void, children: import("react").ReactNode }} props
 */
export function ReasonDialog({ title, label, kind, fields = [], run, close, children }) {
  const [busy, setBusy] = useState(false);

  /** @param {Record<string, string>} typed */
  async function submit(typed) {
    setBusy(true);
    await run(typed).finally(() => setBusy(false));
  }

  return (
    <Dialog title={title} busy={busy} close={close}>
      <div className="stack">
        <p>{children}</p>
        <Form
          submitLabel={label}
          busyLabel="One moment…"
          kind={kind}
          submit={submit}
          under={<button type="button" className="quiet" aria-disabled={busy} onClick={() => busy || close()}>Cancel</button>}
          fields={[...fields, { ...REASON, input: { ...REASON.input, autoFocus: fields.length === 0 } }]}
        />
      </div>
    </Dialog>
  );
}
