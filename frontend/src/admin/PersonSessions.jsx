import { useState } from "react";

import { announce } from "../components/Announcer.jsx";
import { follow } from "../components/useAddress.js";
import { usePages } from "../components/usePages.js";
import { useRequest } from "../components/useResource.js";
import { instant, relative } from "../text/format.js";
import { ListFoot } from "./ListFoot.jsx";
import { ReasonDialog } from "./ReasonDialog.jsx";
import { sessionAddress } from "./address.js";
import { sayEnd } from "./ends.js";

/**
 * @typedef {{ id: string, created_at: string, last_seen_at: string, expires_at: string, ended_at: string | null, end_reason: string | null,
 *   ip: string, device: string, amr: string[] }} AnySession
 */

/**
 * Somebody's sessions, the ended ones too.
 * @param {{ address: string, go: import("../components/useAddress.js").Go, changed: () => Promise<void> }} props
 */
export function PersonSessions({ address, go, changed }) {
  const request = useRequest();
  /** @type {ReturnType<typeof usePages<AnySession>>} */
  const { rows, cursor, error, busy, more, again } = usePages((after) => (after ? `${address}?cursor=${encodeURIComponent(after)}` : address), "sessions");
  const [ending, setEnding] = useState(/** @type {AnySession | null} */ (null));

  /** @param {AnySession} session @param {string} reason */
  async function end({ id }, reason) {
    await request("DELETE", `/api/admin/sessions/${encodeURIComponent(id)}?reason=${encodeURIComponent(reason.trim())}`);
    setEnding(null);
    announce("The session is ended.");
    await changed();
  }

  return (
    <>
      <ul className="sessions" aria-busy={busy}>
        {rows.map((session) => <Item key={session.id} session={session} go={go} end={() => setEnding(session)} />)}
      </ul>
      <ListFoot count={rows.length} cursor={cursor} busy={busy} error={error} more={more} again={again} nothing="Never signed in." />
      {ending && (
        <ReasonDialog title="End this session?" label="End it" kind="danger" run={({ reason = "" }) => end(ending, reason)} close={() => setEnding(null)}>
          {`${ending.device || "Unknown device"} is signed out at once.`}
        </ReasonDialog>
      )}
    </>
  );
}

/** @param {{ session: AnySession, go: import("../components/useAddress.js").Go, end: () => void }} props */
function Item({ session: { id, device, ip, created_at, last_seen_at, ended_at, end_reason }, go, end }) {
  const name = device || "Unknown device";
  return (
    <li data-session-id={id}>
      <div className="about">
        <p>
          <span className="device">{name}</span>
          {!ended_at && <span className="badge">Signed in</span>}
        </p>
        <p className="hint">{ip && `${ip} · `}signed in {instant(created_at)}</p>
        <p className="hint">
          {ended_at ? `ended ${instant(ended_at)}: ${sayEnd(end_reason ?? "")}` : `active ${relative(last_seen_at, Date.now())}`}
        </p>
      </div>
      <div className="actions">
        <a className="button quiet" href={sessionAddress(id)} onClick={follow(go)} aria-label={`What happened: ${name}, signed in ${instant(created_at)}`}>What happened</a>
        {!ended_at && <button type="button" className="danger" aria-label={`End session: ${name}, signed in ${instant(created_at)}`} onClick={end}>End…</button>}
      </div>
    </li>
  );
}
