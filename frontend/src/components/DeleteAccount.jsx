import { useState } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { Dialog } from "./Dialog.jsx";
import { Form } from "./Form.jsx";
import { useRequest } from "./useResource.js";

/**
 * @typedef {{ status: "erased" | "scheduled", erase_at: string }} Erasure when the account was deleted, or will be
 * @param {{ leave: (erasure: Erasure) => void }} props `leave`: what to say once signed out
 */
export function DeleteAccount({ leave }) {
  const [isAsked, setAsked] = useState(false);
  return (
    <div className="stack">
      <ul className="tips">
        <li>You are signed out at once, on every device, and nobody can sign in with this account any more.</li>
        <li>Your name, e-mail address, password and second factor are deleted. Where you signed in from, and with what, becomes unreadable for good.</li>
        <li>What stays is that somebody used an account, when and for how long, under a number that leads to nobody. We need it to prove that our records are whole.</li>
        <li>If we keep a time of grace, we tell you when it ends: until then we can take the deletion back if you ask us. After that nobody can.</li>
      </ul>
      <p className="hint">Want to keep a copy? Download your data first.</p>
      <div className="actions">
        <button type="button" className="danger" onClick={() => setAsked(true)}>Delete my account…</button>
      </div>
      {isAsked && <Confirmation leave={leave} close={() => setAsked(false)} />}
    </div>
  );
}

/** @param {{ leave: (erasure: Erasure) => void, close: () => void }} props */
function Confirmation({ leave, close }) {
  const { logout } = useAuth();
  const request = useRequest();
  const [busy, setBusy] = useState(false);

  /** @param {Record<string, string>} values */
  async function erase({ password }) {
    setBusy(true);
    try {
      leave(await request("DELETE", "/api/auth/me", { password }));
    } finally {
      setBusy(false);
    }
    await logout().catch(() => {}); // the service has ended the session already: this is for the other tabs
  }

  return (
    <Dialog title="Delete your account?" busy={busy} close={close}>
      <Form
        submitLabel="Delete my account"
        busyLabel="Deleting…"
        kind="danger"
        submit={erase}
        under={<button type="button" className="quiet" aria-disabled={busy} onClick={() => busy || close()}>Keep my account</button>}
        fields={[
          {
            name: "password",
            label: "Your password",
            missing: "Enter your password.",
            invalid: "This is longer than any password here.",
            blamedFor: "invalid_credentials",
            wrong: "That is not your password.",
            input: { type: "password", autoComplete: "current-password", spellCheck: false, autoFocus: true },
          },
          {
            name: "understood",
            label: "I understand that my account and my data are deleted for good",
            missing: "Tick this to go on.",
            invalid: "",
            input: { type: "checkbox" },
          },
        ]}
      />
    </Dialog>
  );
}
