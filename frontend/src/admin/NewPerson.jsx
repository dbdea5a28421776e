import { useState } from "react";

import { announce } from "../components/Announcer.jsx";
import { Dialog } from "../components/Dialog.jsx";
import { Form } from "../components/Form.jsx";
import { useRequest } from "../components/useResource.js";
import { roleFields, rolesFrom } from "./roles.js";

/** @param {{ close: () => void, made: (person: import("./people.js").Person) => void }} props */
export function NewPerson({ close, made }) {
  const request = useRequest();
  const [busy, setBusy] = useState(false);

  /** @param {Record<string, string>} typed */
  async function create({ email = "", name = "", ...typed }) {
    setBusy(true);
    const body = { email: email.trim(), roles: rolesFrom(typed), ...(name.trim() && { name: name.trim() }) };
    const person = await request("POST", "/api/admin/users", body).finally(() => setBusy(false));
    announce("The account is made.");
    made(person);
  }

  return (
    <Dialog title="Add a person" busy={busy} close={close}>
      <div className="stack">
        <p className="hint">They choose a password by “Forgot your password?” on the sign-in page.</p>
        <Form
          submitLabel="Make the account"
          busyLabel="Making…"
          submit={create}
          under={<button type="button" className="quiet" aria-disabled={busy} onClick={() => busy || close()}>Cancel</button>}
          fields={[
            {
              name: "email",
              label: "E-mail address",
              missing: "Enter an e-mail address.",
              invalid: "Enter a complete e-mail address, like name@example.com.",
              blamedFor: "conflict",
              wrong: "There is an account with this address.",
              input: { type: "email", autoComplete: "off", autoCapitalize: "none", spellCheck: false, autoFocus: true },
            },
            { name: "name", label: "Name (optional)", input: { type: "text", autoComplete: "off" } },
            ...roleFields([]),
          ]}
        />
      </div>
    </Dialog>
  );
}
