import { useState } from "react";

import { Action } from "../components/Action.jsx";
import { announce } from "../components/Announcer.jsx";
import { Failed } from "../components/Failed.jsx";
import { useRequest, useResource } from "../components/useResource.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { FactorDialog } from "./FactorDialog.jsx";
import { RecoveryCodes } from "./RecoveryCodes.jsx";
import { TotpSetup } from "./TotpSetup.jsx";

/** @typedef {import("./TotpSetup.jsx").Setup} Setup */

/** Off → scan and confirm → recovery codes, once → on → off. */
export function TwoFactor() {
  const { user, client } = useAuth();
  const request = useRequest();
  const [setup, setSetup] = useState(/** @type {Setup | null} */ (null));
  const [codes, setCodes] = useState(/** @type {string[] | null} */ (null));

  const learn = () => client.refresh().catch(() => {}); // brings the user as it is now, to all tabs

  /** @param {object} body */
  async function enable(body) {
    const { recovery_codes } = await request("POST", "/api/auth/2fa/enable", body);
    setCodes(recovery_codes);
    setSetup(null);
    learn();
  }

  function done() {
    setCodes(null);
    focusTitle();
  }

  if (codes) return <RecoveryCodes codes={codes} done={done} />;
  if (setup) return <TotpSetup setup={setup} enable={enable} cancel={() => setSetup(null)} />;
  if (user?.mfa_enabled) return <On renewed={setCodes} disabled={learn} />;
  return (
    <div className="stack">
      <p>Protect your account with a code from an authenticator app, besides your password.</p>
      <div className="actions">
        <Action label="Set up two-factor" busyLabel="Preparing…" kind="primary" run={async () => setSetup(await request("POST", "/api/auth/2fa/setup", {}))} />
      </div>
    </div>
  );
}

/** @param {{ renewed: (codes: string[]) => void, disabled: () => Promise<unknown> }} props */
function On({ renewed, disabled }) {
  const request = useRequest();
  const { data, error, reload } = useResource("/api/auth/2fa");
  const [dialog, setDialog] = useState(/** @type {"disable" | "renew" | null} */ (null));
  const left = data?.recovery_codes_left;

  /** @param {object} proof */
  async function renew(proof) {
    const { recovery_codes } = await request("POST", "/api/auth/2fa/recovery-codes", proof);
    renewed(recovery_codes);
  }

  /** @param {object} proof */
  async function disable(proof) {
    await request("POST", "/api/auth/2fa/disable", proof);
    setDialog(null);
    await disabled();
    announce("Two-factor sign-in is off.");
    focusTitle();
  }

  return (
    <div className="stack">
      <p><span className="badge">On</span> Signing in asks for a code from your authenticator app.</p>
      {error && <Failed error={error} reload={reload} />}
      {data && <p className={left > 3 ? "hint" : "warned"} id="codes-left">{left === 0 ? "You have no recovery code left. Make new ones, or a lost phone locks you out." : `You have ${left} recovery code${left === 1 ? "" : "s"} left.`}</p>}
      <div className="actions">
        <button type="button" className="quiet" onClick={() => setDialog("renew")}>New recovery codes…</button>
        <button type="button" className="danger" onClick={() => setDialog("disable")}>Turn off…</button>
      </div>
      {dialog === "renew" && (
        <FactorDialog title="New recovery codes?" label="Make new codes" busyLabel="Making…" run={renew} close={() => setDialog(null)}>
          The codes you have stop working at once.
        </FactorDialog>
      )}
      {dialog === "disable" && (
        <FactorDialog title="Turn two-factor sign-in off?" label="Turn it off" busyLabel="Turning off…" kind="danger" offersOthers run={disable} close={() => setDialog(null)}>
          From then on your password alone signs in. Recovery codes and trusted browsers go, too.
        </FactorDialog>
      )}
    </div>
  );
}

function focusTitle() {
  document.getElementById("two-factor-title")?.focus();
}
