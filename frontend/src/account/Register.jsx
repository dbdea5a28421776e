import { useState } from "react";

import { post } from "../components/ask.js";
import { Form } from "../components/Form.jsx";
import { follow, useAddress } from "../components/useAddress.js";
import { useSettings } from "../components/useSettings.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { CheckMail, EMAIL, Screen } from "./Screen.jsx";
import { useNewPassword } from "./useNewPassword.jsx";

/** Making an account: at once, or by a link where addresses are proven first. */
export function Register() {
  const { isAuthenticated, user } = useAuth();
  const settings = useSettings();
  const [sentTo, setSentTo] = useState("");
  if (isAuthenticated) {
    return (
      <Screen title="You have an account" links={[["/", "Go to your account"]]}>
        <p>You are signed in as {user?.email}. Sign out first to make another account.</p>
      </Screen>
    );
  }
  if (sentTo) {
    return (
      <CheckMail>
        <p>If {sentTo} is new here, we have sent it a link. Your account is there once you open it, within a day.</p>
        <p>If it has an account already, the mail says how to sign in.</p>
      </CheckMail>
    );
  }
  if (settings?.registration === "closed") {
    return (
      <Screen title="New accounts are not made here">
        <p>Ask whoever runs this service to make one for you.</p>
      </Screen>
    );
  }
  return <NewAccount min={settings?.password_min_length ?? 15} isProven={settings?.email_verification ?? true} sent={setSentTo} />;
}

/** @param {{ min: number, isProven: boolean, sent: (email: string) => void }} props `isProven`: by a link sent to the address */
function NewAccount({ min, isProven, sent }) {
  const { login } = useAuth();
  const { go } = useAddress();
  const password = useNewPassword({ min });

  /** @param {Record<string, string>} typed */
  async function register({ email = "", name = "", password: secret = "" }) {
    const address = email.trim();
    await post("/api/auth/register", { email: address, password: secret, ...(name.trim() && { name: name.trim() }) });
    if (isProven) return sent(address);
    await login({ email: address, password: secret });
    go("/", { replace: true });
  }

  return (
    <Screen title="Create an account" links={[]}>
      <Form
        submitLabel="Create account"
        busyLabel="Creating…"
        submit={register}
        fields={[
          { ...EMAIL, blamedFor: "conflict", wrong: "There is an account with this address. Sign in, or use another one.", input: { ...EMAIL.input, autoFocus: true } },
          { name: "name", label: "Name (optional)", input: { type: "text", autoComplete: "name" } },
          { ...password, label: "Password" },
        ]}
      />
      <p className="links">
        <a href="/" onClick={follow(go)}>Sign in instead</a>
      </p>
    </Screen>
  );
}
