import { Action } from "../components/Action.jsx";
import { announce } from "../components/Announcer.jsx";
import { Card } from "../components/Card.jsx";
import { Failed } from "../components/Failed.jsx";
import { Heading } from "../components/Heading.jsx";
import { SessionItem } from "../components/SessionItem.jsx";
import { useRequest, useResource } from "../components/useResource.js";
import { useSignOut } from "../components/useSignOut.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { ownFirst } from "../text/format.js";

/** @typedef {import("../text/format.js").SessionShape} SessionShape */

/** Where one is signed in, and ending it there. */
export function Sessions() {
  const { logout } = useAuth();
  const signOut = useSignOut();
  const request = useRequest();
  const { data, error, reload } = useResource("/api/auth/sessions");
  const sessions = ownFirst(data?.sessions ?? []);

  /** One that is gone already counts as ended. @param {SessionShape} session */
  async function end({ id, current }) {
    if (current) return signOut("local");
    await request("DELETE", `/api/auth/sessions/${encodeURIComponent(id)}`).catch((error) => {
      if (error.status !== 404) throw error;
    });
    announce("Session ended.");
    await reload();
    document.getElementById("sessions-title")?.focus(); // the button pressed is gone
  }

  async function endOthers() {
    await logout({ scope: "others" });
    announce("Your other devices are signed out.");
    await reload();
  }

  return (
    <>
      <Heading>Your devices</Heading>
      <div className="columns wide-first">
        <Card id="sessions" title="Where you are signed in">
          {error && <Failed error={error} reload={reload} />}
          <ul className="sessions" aria-busy={!data && !error}>
            {sessions.map((session) => <SessionItem key={session.id} session={session} end={() => end(session)} />)}
          </ul>
          <div className="actions">
            <Action label="Update list" busyLabel="Updating…" run={reload} />
          </div>
        </Card>
        <Card id="sign-out" title="Sign out elsewhere">
          <p className="hint">Lost a phone, or used a computer that is not yours? End those sessions here.</p>
          <div className="actions column-actions">
            <Action label="Sign out other devices" busyLabel="Signing out…" run={endOthers} />
            <Action label="Sign out everywhere" busyLabel="Signing out…" kind="danger" run={() => signOut("global")} />
          </div>
        </Card>
      </div>
    </>
  );
}
