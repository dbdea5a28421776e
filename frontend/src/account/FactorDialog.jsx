import { useState } from "react";

import { Dialog } from "../components/Dialog.jsx";
import { CODE } from "../components/code-field.js";
import { Form } from "../components/Form.jsx";
import { usePassword } from "../components/usePassword.jsx";
import { codeFrom } from "../text/code.js";

/** @type {import("../components/Form.jsx").FieldOptions} offered with every change of a factor */
export const END_OTHERS = { name: "others", label: "Sign out my other devices, too", input: { type: "checkbox" } };

/**
 * Asks for both factors before one of them changes.
 * @param {{ title: string, label: string, busyLabel: string, kind?: "primary" | "danger", offersOthers?: boolean,
 *   run: (proof: object) => Promise<void>, close: () => void, children: string }} props
 */
export function FactorDialog({ title, label, busyLabel, kind, offersOthers = false, run, close, children }) {
  const [busy, setBusy] = useState(false);
  const password = usePassword({ label: "Your password", wrong: "That is not your password.", input: { autoFocus: true } });

  /** @param {Record<string, string>} typed */
  async function submit({ password: secret, code = "", others }) {
    setBusy(true);
    await run({ password: secret, code: codeFrom(code), ...(others && { end_other_sessions: true }) }).finally(() => setBusy(false));
  }

  return (
    <Dialog title={title} busy={busy} close={close}>
      <div className="stack">
        <p>{children}</p>
        <Form
          submitLabel={label}
          busyLabel={busyLabel}
          kind={kind}
          submit={submit}
          under={<button type="button" className="quiet" aria-disabled={busy} onClick={() => busy || close()}>Cancel</button>}
          fields={[
            password,
            CODE,
            ...(offersOthers ? [END_OTHERS] : []),
          ]}
        />
      </div>
    </Dialog>
  );
}
