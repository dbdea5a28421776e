import { useState } from "react";

import { useAuth } from "../contexts/AuthContext.jsx";
import { codeFrom } from "../text/code.js";
import { svgUrl } from "../text/svg-url.js";
import { Action } from "./Action.jsx";
import { Form } from "./Form.jsx";
import { RecoveryCodes } from "./RecoveryCodes.jsx";
import { useRequest } from "./useResource.js";

/** @typedef {{ secret: string, otpauth_uri: string, qr_svg: string }} Setup */

/** Off → scan and confirm → recovery codes, once → on. */
export function TwoFactor() {
  const { user, client } = useAuth();
  const request = useRequest();
  const [setup, setSetup] = useState(/** @type {Setup | null} */ (null));
  const [codes, setCodes] = useState(/** @type {string[] | null} */ (null));

  /** @param {string} code */
  async function confirm(code) {
    const { recovery_codes } = await request("POST", "/api/auth/2fa/enable", { code });
    setCodes(recovery_codes);
    setSetup(null);
    client.refresh().catch(() => {}); // brings the user as it is now, to all tabs
  }

  function done() {
    setCodes(null);
    document.getElementById("two-factor-title")?.focus();
  }

  if (codes) return <RecoveryCodes codes={codes} done={done} />;
  if (setup) return <Confirmation setup={setup} confirm={confirm} cancel={() => setSetup(null)} />;
  if (user?.mfa_enabled) return <p><span className="badge">On</span> Signing in asks for a code from your authenticator app.</p>;
  return (
    <div className="stack">
      <p>Protect your account with a code from an authenticator app, besides your password.</p>
      <div className="actions">
        <Action label="Set up two-factor" busyLabel="Preparing…" kind="primary" run={async () => setSetup(await request("POST", "/api/auth/2fa/setup", {}))} />
      </div>
    </div>
  );
}

/** @param {{ setup: Setup, confirm: (code: string) => Promise<void>, cancel: () => void }} props */
function Confirmation({ setup, confirm, cancel }) {
  return (
    <div className="stack">
      <p>Scan this with your authenticator app, then enter the code it shows.</p>
      <div className="scan">
        <img className="qr" alt="QR code for your authenticator app" src={svgUrl(setup.qr_svg)} width={184} height={184} />
        <p className="hint">Or type this key into the app: <code className="secret">{setup.secret.replace(/(.{4})(?=.)/g, "$1 ")}</code></p>
      </div>
      <Form
        submitLabel="Turn on"
        busyLabel="Checking…"
        submit={({ code = "" }) => confirm(codeFrom(code))}
        under={<button type="button" className="link" onClick={cancel}>Not now</button>}
        fields={[
          {
            name: "code",
            label: "Six-digit code",
            missing: "Enter the code your app shows.",
            invalid: "Enter the six digits your app shows.",
            blamedFor: "mfa_code_invalid",
            input: { type: "text", autoComplete: "one-time-code", inputMode: "numeric", className: "code", autoFocus: true },
          },
        ]}
      />
    </div>
  );
}
