import { useEffect, useRef } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { deviceToken } from "../person/trusted-devices.js";
import { describeReason } from "../text/messages.js";
import { Form } from "./Form.jsx";
import { Heading } from "./Heading.jsx";
import { PasskeyButton } from "./PasskeyButton.jsx";
import { SecondFactor } from "./SecondFactor.jsx";
import { follow, useAddress } from "./useAddress.js";
import { usePasskeys } from "./usePasskeys.js";
import { usePassword } from "./usePassword.jsx";
import { useSettings } from "./useSettings.js";

/** Signing in: the password, then a second factor where the account has one. Shows who is signed out why. */
export function Login() {
  const { challenge } = useAuth();
  return <div className="card narrow">{challenge ? <SecondFactor methods={challenge.methods} /> : <Password />}</div>;
}

function Password() {
  const { login, client } = useAuth();
  const { go } = useAddress();
  const settings = useSettings();
  const password = usePassword();
  const leaveAutofill = usePasskeyAutofill();
  const notice = describeReason(client.getState());
  return (
    <>
      <Heading autoFocus={!!notice}>Sign in</Heading>
      {notice && <p className="notice" id="notice">{notice}</p>}
      <Form
        submitLabel="Sign in"
        busyLabel="Signing in…"
        submit={({ email = "", password = "" }) => login({ email: email.trim(), password, device_token: deviceToken(email) }).catch(unlessChallenged)}
        fields={[
          {
            name: "email",
            label: "E-mail address",
            missing: "Enter your e-mail address.",
            invalid: "Enter a complete e-mail address, like name@example.com.",
            input: { type: "email", autoComplete: "username webauthn", inputMode: "email", autoCapitalize: "none", spellCheck: false, autoFocus: !notice },
          },
          password,
        ]}
      />
      <PasskeyButton label="Sign in with a passkey" run={(passkeys) => (leaveAutofill(), passkeys.signIn())} />
      <p className="links">
        <a href="/forgot" onClick={follow(go)}>Forgot your password?</a>
        {settings?.registration === "open" && <a href="/register" onClick={follow(go)}>Create an account</a>}
      </p>
    </>
  );
}

/** Lets the browser offer passkeys at the e-mail field, until it is left. @returns {() => void} leaves it: it asks one thing at a time */
function usePasskeyAutofill() {
  const passkeys = usePasskeys();
  const over = useRef(new AbortController());
  useEffect(() => {
    const { signal } = (over.current = new AbortController());
    const offer = async () => (await passkeys.canAutofill()) && !signal.aborted && passkeys.signIn({ conditional: true, signal });
    offer().catch(() => {}); // the form is still there
    return () => over.current.abort();
  }, [passkeys]);
  return () => over.current.abort();
}

/** That a second factor is wanted is shown by the state, not as a failure. @param {import("../services/authService.js").AuthError} error */
function unlessChallenged(error) {
  if (error.kind !== "mfa_required") throw error;
}
