import { useEffect, useRef, useState } from "react";

import { Action } from "../components/Action.jsx";
import { announce } from "../components/Announcer.jsx";

const FILE_NAME = "recovery-codes.txt";

/** They cannot be asked for again, so leaving is a deliberate step. @param {{ codes: string[], done: () => void }} props */
export function RecoveryCodes({ codes, done }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  const text = codes.join("\n");
  const [url, setUrl] = useState("");
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [text]);

  async function copy() {
    await navigator.clipboard.writeText(text);
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
        {navigator.clipboard && <Action label="Copy" busyLabel="Copying…" run={copy} /> /* absent over plain http */}
        <a className="button quiet" href={url} download={FILE_NAME}>Save as a file</a>
        <button type="button" className="quiet" onClick={() => window.print()}>Print</button>
      </div>
      <div className="actions">
        <button type="button" className="primary" onClick={done}>I have saved them</button>
      </div>
    </div>
  );
}
