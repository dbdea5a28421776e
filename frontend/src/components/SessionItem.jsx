import { instant, relative } from "../text/format.js";
import { Action } from "./Action.jsx";

/** @param {{ session: import("../text/format.js").SessionShape, end: () => Promise<unknown> }} props */
export function SessionItem({ session: { id, device, current, ip, created_at, last_seen_at }, end }) {
  const name = device || "Unknown device";
  return (
    <li data-session-id={id}>
      <div className="about">
        <p>
          <span className="device">{name}</span>
          {current && <span className="badge">This device</span>}
        </p>
        <p className="hint">
          {ip && `${ip} · `}active <time dateTime={last_seen_at} title={instant(last_seen_at)}>{relative(last_seen_at, Date.now())}</time>
        </p>
        <p className="hint">signed in {instant(created_at)}</p>
      </div>
      <div className="actions">
        <Action
          label={current ? "Sign out" : "End"}
          busyLabel="Ending…"
          name={current ? `Sign out of this device: ${name}` : `End session: ${name}, signed in ${instant(created_at)}`}
          kind="danger"
          run={end}
        />
      </div>
    </li>
  );
}
