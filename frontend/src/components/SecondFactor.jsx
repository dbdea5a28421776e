import { useState } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { codeFrom } from "../text/code.js";
import { describe } from "../text/messages.js";
import { announce } from "./Announcer.jsx";
import { Form } from "./Form.jsx";
import { Heading } from "./Heading.jsx";
import { PasskeyButton } from "./PasskeyButton.jsx";

/** @type {Record<string, Omit<import("./Form.jsx").FieldOptions, "name" | "missing"> & { other: string }>} */
const METHODS = {
  totp: {
    label: "Six-digit code",
    hint: "Open your authenticator app and enter the code it shows for Inphora.",
    invalid: "Enter the six digits your app shows.",
    other: "Use the authenticator app instead",
    input: { autoComplete: "one-time-code", inputMode: "numeric" },
  },
  recovery_code: {
    label: "Recovery code",
    hint: "One of the codes you saved when you set up two-factor sign-in. Each works once.",
    invalid: "Enter the whole recovery code, as you saved it.",
    other: "Use a recovery code instead",
    input: { autoComplete: "off", autoCapitalize: "none", spellCheck: false },
  },
};

/** The challenge is gone, and this form with it: what it would say, nobody would see. @param {import("../services/authService.js").AuthError} error */
function sayOver(error) {
  if (error.code === "mfa_token_invalid") announce(describe(error));
  throw error;
}

/** @param {{ methods: string[] }} props those unknown here are left out */
export function SecondFactor({ methods }) {
  const { verify2fa, logout } = useAuth();
  const known = methods.filter((method) => method in METHODS);
  const [chosen, choose] = useState(known[0] ?? "totp");
  const { other: _, input, ...field } = /** @type {(typeof METHODS)[string]} */ (METHODS[chosen]);
  const others = known.filter((method) => method !== chosen);
  return (
    <>
      <Heading autoFocus={false}>Confirm it is you</Heading>
      <Form
        key={chosen}
        submitLabel="Continue"
        busyLabel="Checking…"
        submit={({ code = "" }) => verify2fa({ code: codeFrom(code) }).catch(sayOver)}
        fields={[{ ...field, name: "code", missing: "Enter the code.", blamedFor: "mfa_code_invalid", input: { ...input, type: "text", className: "code", autoFocus: true } }]}
      />
      {methods.includes("passkey") && <PasskeyButton label="Use a passkey" run={(passkeys) => passkeys.verify().catch(sayOver)} />}
      <p className="links">
        {others.map((method) => <button key={method} type="button" className="link" onClick={() => choose(method)}>{METHODS[method]?.other}</button>)}
        <button type="button" className="link" onClick={() => logout()}>Sign in as someone else</button>
      </p>
    </>
  );
}
