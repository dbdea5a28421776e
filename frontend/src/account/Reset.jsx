import { useState } from "react";

import { post } from "../components/ask.js";
import { Form } from "../components/Form.jsx";
import { useSettings } from "../components/useSettings.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { DeadLink } from "./DeadLink.jsx";
import { Screen } from "./Screen.jsx";
import { dropLinkToken, useLinkToken } from "./link-token.js";
import { useNewPassword } from "./useNewPassword.jsx";

/** Choosing a new password, by a link in a mail. */
export function Reset() {
  const { client, isAuthenticated } = useAuth();
  const token = useLinkToken();
  const settings = useSettings();
  const [isDone, setDone] = useState(false);
  const [isDead, setDead] = useState(false);
  const password = useNewPassword({ name: "new_password", min: settings?.password_min_length ?? 15, least: settings?.password_min_length_with_mfa ?? 8 });
  if (isDone) {
    return (
      <Screen title="Your password is changed">
        <p>You are signed out on every device. Sign in with your new password.</p>
      </Screen>
    );
  }
  if (!token || isDead) return <DeadLink what="Links to choose a password are good for half an hour, once." again={["/forgot", "Ask for another link"]} />;

  /** @param {Record<string, string>} typed */
  async function reset({ new_password }) {
    await post("/api/auth/password/reset", { token, new_password }).catch((error) => {
      if (error.code === "link_invalid") setDead(true);
      throw error;
    });
    setDone(true);
    dropLinkToken();
    if (isAuthenticated) client.refresh().catch(() => {}); // if it was this account, this page learns that it is signed out
  }

  return (
    <Screen title="Choose a new password" links={[]}>
      <Form submitLabel="Change password" busyLabel="Changing…" submit={reset} fields={[{ ...password, input: { ...password.input, autoFocus: true } }]} />
      <p className="hint">It signs you out on every device.</p>
    </Screen>
  );
}
