import { useState } from "react";

import { announce } from "../components/Announcer.jsx";
import { Facts } from "../components/Card.jsx";
import { Form } from "../components/Form.jsx";
import { usePassword } from "../components/usePassword.jsx";
import { useRequest } from "../components/useResource.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { Opener } from "./Opener.jsx";
import { EMAIL } from "./Screen.jsx";

/** What one is called, and by which address one signs in. */
export function Profile() {
  const { user } = useAuth();
  const [sentTo, setSentTo] = useState("");
  return (
    <div className="stack">
      <Facts
        of={[
          ["Name", user?.name],
          ["E-mail", user?.email],
        ]}
      />
      {sentTo && <p className="notice" role="status">We have sent a link to {sentTo}. Your address changes when you open it; until then you sign in as before.</p>}
      <Opener label="Change name…">{(close) => <Name close={close} />}</Opener>
      <Opener label="Change e-mail address…">
        {(close) => (
          <Email
            sent={(email) => {
              setSentTo(email);
              close();
            }}
            close={close}
          />
        )}
      </Opener>
    </div>
  );
}

/** @param {{ close: () => void }} props */
function Name({ close }) {
  const { user, client } = useAuth();
  const request = useRequest();

  /** @param {Record<string, string>} typed */
  async function rename({ name = "" }) {
    await request("PATCH", "/api/auth/me", { name: name.trim() });
    await client.refresh().catch(() => {}); // brings it to all tabs
    announce("Your name is changed.");
    close();
  }

  return (
    <Form
      submitLabel="Change name"
      busyLabel="Changing…"
      submit={rename}
      under={<button type="button" className="link" onClick={close}>Not now</button>}
      fields={[{ name: "name", label: "Your name", missing: "Enter your name.", input: { type: "text", autoComplete: "name", defaultValue: user?.name ?? "", autoFocus: true } }]}
    />
  );
}

/** @param {{ sent: (email: string) => void, close: () => void }} props */
function Email({ sent, close }) {
  const request = useRequest();
  const password = usePassword({ label: "Your password", wrong: "That is not your password." });

  /** @param {Record<string, string>} typed */
  async function change({ email = "", password: secret }) {
    await request("POST", "/api/auth/email/change", { email: email.trim(), password: secret });
    sent(email.trim());
  }

  return (
    <Form
      submitLabel="Send a link there"
      busyLabel="Sending…"
      submit={change}
      under={<button type="button" className="link" onClick={close}>Not now</button>}
      fields={[{ ...EMAIL, label: "New e-mail address", input: { ...EMAIL.input, autoComplete: "email", autoFocus: true } }, password]}
    />
  );
}
