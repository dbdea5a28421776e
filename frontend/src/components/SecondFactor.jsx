import { useState } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { keepDeviceToken } from "../person/trusted-devices.js";
import { codeFrom } from "../text/code.js";
import { describe } from "../text/messages.js";
import { announce } from "./Announcer.jsx";
import { Form } from "./Form.jsx";
import { Heading } from "./Heading.jsx";
import { PasskeyButton } from "./PasskeyButton.jsx";
import { useSettings } from "./useSettings.js";

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
  const { client, logout } = useAuth();
  const days = useSettings()?.trusted_device_days ?? 0;
  const known = methods.filter((method) => method in METHODS);
  const [chosen, choose] = useState(known[0] ?? "totp");
  const { other: _, input, ...field } = /** @type {(typeof METHODS)[string]} */ (METHODS[chosen]);

  /** @param {Record<string, string>} typed */
  function verify({ code = "", trust }) {
    return client.adopt(async (call, mfa_token) => {
      const answer = await call("verify-2fa", { mfa_token, code: codeFrom(code), ...(trust && { trust_device: true }) });
      const { device_token, user } = answer.body;
      if (device_token) keepDeviceToken(user.email, device_token);
      return answer;
    });
  }

  const others = known.filter((method) => method !== chosen);
  return (
    <>
      <Heading autoFocus={false}>Confirm it is you</Heading>
      <Form
        key={chosen}
        submitLabel="Continue"
        busyLabel="Checking…"
        submit={(typed) => verify(typed).catch(sayOver)}
        fields={[
          { ...field, name: "code", missing: "Enter the code.", blamedFor: "mfa_code_invalid", input: { ...input, type: "text", className: "code", autoFocus: true } },
          ...(days > 0 ? [{ name: "trust", label: `Do not ask for a code in this browser for ${days} days`, input: { type: "checkbox" } }] : []),
        ]}
      />
      {methods.includes("passkey") && <PasskeyButton label="Use a passkey" run={(passkeys) => passkeys.verify().catch(sayOver)} />}
      <p className="links">
        {others.map((method) => <button key={method} type="button" className="link" onClick={() => choose(method)}>{METHODS[method]?.other}</button>)}
        <button type="button" className="link" onClick={() => logout()}>Sign in as someone else</button>
      </p>
    </>
  );
}
