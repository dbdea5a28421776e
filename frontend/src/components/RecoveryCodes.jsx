import { useEffect, useRef } from "react";

import { Action } from "./Action.jsx";
import { announce } from "./Announcer.jsx";

/** They cannot be asked for again, so leaving is a deliberate step. @param {{ codes: string[], done: () => void }} props */
export function RecoveryCodes({ codes, done }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => heading.current?.focus(), []);

  async function copy() {
    await navigator.clipboard.writeText(codes.join("\n"));
    announce("Recovery codes copied.");
  }

  return (
    <div className="stack">
      <h3 ref={heading} tabIndex={-1}>Save your recovery codes</h3>
      <p>Two-factor sign-in is on. Without your phone, each of these signs you in once. They are shown only now.</p>
      <ul className="recovery-codes" id="recovery-codes">
        {codes.map((code) => <li key={code}><code>{code}</code></li>)}
      </ul>
      <div className="actions">
        <button type="button" className="primary" onClick={done}>I have saved them</button>
        {navigator.clipboard && <Action label="Copy" busyLabel="Copying…" run={copy} /> /* absent over plain http */}
      </div>
    </div>
  );
}
