import { useState } from "react";

import { post } from "../components/ask.js";
import { Form } from "../components/Form.jsx";
import { CheckMail, EMAIL, Screen } from "./Screen.jsx";

/** Asking for a link to choose a new password. Whether there is such an account is told to nobody but its mailbox. */
export function Forgot() {
  const [sentTo, setSentTo] = useState("");
  if (sentTo) {
    return (
      <CheckMail>
        <p>If {sentTo} has an account here, we have sent it a link to choose a new password. It is good for half an hour, once.</p>
      </CheckMail>
    );
  }

  /** @param {Record<string, string>} typed */
  async function ask({ email = "" }) {
    await post("/api/auth/password/forgot", { email: email.trim() });
    setSentTo(email.trim());
  }

  return (
    <Screen title="Forgot your password?" links={[["/", "Back to sign-in"]]}>
      <p>Tell us your address, and we send you a link to choose a new one.</p>
      <Form submitLabel="Send me a link" busyLabel="Sending…" submit={ask} fields={[{ ...EMAIL, input: { ...EMAIL.input, autoFocus: true } }]} />
    </Screen>
  );
}
