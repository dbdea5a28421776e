import { useEffect, useState, useSyncExternalStore } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { stepUp } from "../step-up/step-up.js";
import { codeFrom } from "../text/code.js";
import { Dialog } from "./Dialog.jsx";
import { CODE } from "./code-field.js";
import { Form } from "./Form.jsx";
import { PasskeyButton } from "./PasskeyButton.jsx";
import { usePassword } from "./usePassword.jsx";
import { useResource } from "./useResource.js";

/** Asks the person signed in to prove it again, when an action wants that. */
export function StepUp() {
  useEffect(() => () => stepUp.settle(false), []); // signed out: nobody is left to prove anything
  return useSyncExternalStore(stepUp.subscribe, stepUp.isWanted, () => false) && <Proof />;
}

function Proof() {
  const { client, user } = useAuth();
  const [busy, setBusy] = useState(false);
  const [wantsCode, wantCode] = useState(!!user?.mfa_enabled);
  const { data } = useResource("/api/auth/passkeys");
  const password = usePassword({ label: "Your password", wrong: "That is not your password.", input: { autoFocus: true } });

  /** What proves it is a new session, which takes the place of this one. @param {Record<string, string>} typed */
  async function prove({ password: secret, code }) {
    setBusy(true);
    const body = { password: secret, ...(code && { code: codeFrom(code) }) };
    try {
      await client.adopt(async (call, _, cookie) => {
        const headers = { Authorization: `Bearer ${await client.getAccessToken()}` };
        return call("step-up", { ...body, ...(cookie && { cookie }) }, { headers });
      });
    } catch (error) {
      // Turned on elsewhere, since this page has looked.
      if (/** @type {any} */ (error).code === "mfa_code_invalid") wantCode(true);
      throw error;
    } finally {
      setBusy(false);
    }
    stepUp.settle(true);
  }

  const cancel = () => stepUp.settle(false);
  return (
    <Dialog title="Confirm it is you" busy={busy} close={cancel}>
      <div className="stack">
        <p className="hint">This step touches your account’s safety, and it has been a while since you proved who you are.</p>
        <Form
          submitLabel="Confirm"
          busyLabel="Checking…"
          submit={prove}
          under={<button type="button" className="quiet" aria-disabled={busy} onClick={() => busy || cancel()}>Cancel</button>}
          fields={[password, ...(wantsCode ? [CODE] : [])]}
        />
        {data?.passkeys.length > 0 && <PasskeyButton label="Use a passkey instead" run={(passkeys) => passkeys.stepUp().then(() => stepUp.settle(true))} />}
      </div>
    </Dialog>
  );
}
