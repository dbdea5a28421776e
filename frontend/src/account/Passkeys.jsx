import { useState } from "react";

import { instant, relative } from "../text/format.js";
import { Action } from "../components/Action.jsx";
import { announce } from "../components/Announcer.jsx";
import { Failed } from "../components/Failed.jsx";
import { Form } from "../components/Form.jsx";
import { unlessCancelled, usePasskeys } from "../components/usePasskeys.js";
import { useResource } from "../components/useResource.js";

/** @typedef {import("../auth/passkeys.js").Passkey} Passkey */

/**
 * What somebody signs in with instead of a password: adding, naming and removing it.
 * @param {{ withStepUp?: <T>(run: () => Promise<T>) => Promise<T> }} props proves again who it is, where an action wants
 *   that, and then does it
 */
export function Passkeys({ withStepUp = (run) => run() }) {
  const passkeys = usePasskeys();
  const { data, error, reload } = useResource("/api/auth/passkeys");
  const [renamed, rename] = useState(/** @type {string | null} */ (null));
  /** @type {Passkey[]} */
  const held = data?.passkeys ?? [];

  /** @param {string} told */
  async function done(told) {
    rename(null);
    announce(told);
    await reload();
    document.getElementById("passkeys-title")?.focus(); // what was pressed may be gone
  }

  return (
    <div className="stack">
      <p>Sign in with your fingerprint, face or screen lock, or with a security key. No password can be stolen then.</p>
      {error && <Failed error={error} reload={reload} />}
      <ul className="sessions" aria-busy={!data && !error}>
        {held.map((passkey) =>
          passkey.id === renamed ? (
            <li key={passkey.id}>
              <Naming passkey={passkey} cancel={() => rename(null)} submit={(name) => passkeys.rename(passkey.id, name).then(() => done("Passkey renamed."))} />
            </li>
          ) : (
            <Item
              key={passkey.id}
              passkey={passkey}
              rename={() => rename(passkey.id)}
              remove={() => withStepUp(() => passkeys.remove(passkey.id)).then(() => done("Passkey removed."))}
            />
          ),
        )}
      </ul>
      <div className="actions">
        {passkeys.isSupported ? (
          <Action label="Add a passkey" busyLabel="Follow your browser…" kind="primary" run={() => withStepUp(() => passkeys.add()).then(() => done("Passkey added."), unlessCancelled)} />
        ) : (
          <p className="hint">This browser has no passkeys.</p>
        )}
      </div>
      {held.length > 0 && <p className="hint">Lost one? Remove it, then <a href="#/sessions">sign out your other devices</a>.</p>}
    </div>
  );
}

/** @param {{ passkey: Passkey, rename: () => void, remove: () => Promise<unknown> }} props */
function Item({ passkey: { id, name, backed_up, created_at, last_used_at }, rename, remove }) {
  return (
    <li data-passkey-id={id}>
      <div className="about">
        <p>
          <span className="device">{name}</span>
          {backed_up && <span className="badge">Synced</span>}
        </p>
        <p className="hint">added {instant(created_at)}</p>
        <p className="hint">{last_used_at ? <>used <time dateTime={last_used_at} title={instant(last_used_at)}>{relative(last_used_at, Date.now())}</time></> : "not used yet"}</p>
      </div>
      <div className="actions">
        <button type="button" className="quiet" aria-label={`Rename passkey: ${name}`} onClick={rename}>Rename</button>
        <Action label="Remove" busyLabel="Removing…" name={`Remove passkey: ${name}`} kind="danger" run={remove} />
      </div>
    </li>
  );
}

/** @param {{ passkey: Passkey, submit: (name: string) => Promise<unknown>, cancel: () => void }} props */
function Naming({ passkey, submit, cancel }) {
  return (
    <Form
      submitLabel="Save"
      busyLabel="Saving…"
      submit={({ name = "" }) => submit(name.trim())}
      under={<button type="button" className="link" onClick={cancel}>Not now</button>}
      fields={[
        {
          name: "name",
          label: "Name of this passkey",
          missing: "Enter a name.",
          invalid: "Use up to 64 characters.",
          input: { type: "text", defaultValue: passkey.name, maxLength: 64, autoComplete: "off", autoFocus: true },
        },
      ]}
    />
  );
}
