import { Form } from "../components/Form.jsx";
import { codeFrom } from "../text/code.js";
import { svgUrl } from "../text/svg-url.js";
import { END_OTHERS } from "./FactorDialog.jsx";

/**
 * @typedef {{ secret: string, otpauth_uri: string, qr_svg: string }} Setup
 * @param {{ setup: Setup, enable: (body: object) => Promise<void>, cancel: () => void }} props
 */
export function TotpSetup({ setup, enable, cancel }) {
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
        submit={({ code = "", others }) => enable({ code: codeFrom(code), ...(others && { end_other_sessions: true }) })}
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
          END_OTHERS,
        ]}
      />
    </div>
  );
}
