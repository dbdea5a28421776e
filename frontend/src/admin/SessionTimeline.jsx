import { Card, Facts } from "../components/Card.jsx";
import { Failed } from "../components/Failed.jsx";
import { Heading } from "../components/Heading.jsx";
import { follow } from "../components/useAddress.js";
import { useResource } from "../components/useResource.js";
import { instant } from "../text/format.js";
import { describeMethods } from "../text/messages.js";
import { personAddress } from "./address.js";
import { whyEnded } from "./ends.js";

/**
 * @typedef {{ at: string, type: string, outcome: string, reason: string | null, ip: string | null, device: string | null,
 *   generation: number | null, actor_id: string | null, says: string }} TimelineEvent
 */

/** Everything that happened to one session: the answer to "why was I signed out?". @param {{ id: string, go: import("../components/useAddress.js").Go }} props */
export function SessionTimeline({ id, go }) {
  const { data, error, reload } = useResource(`/api/admin/sessions/${encodeURIComponent(id)}/timeline`);
  const session = data?.session;
  return (
    <>
      <Heading>What happened to a session</Heading>
      <p className="subline"><a href={session?.user_id ? personAddress(session.user_id) : "/admin"} onClick={follow(go)}>{session?.user_id ? "Its owner" : "All people"}</a></p>
      {error && <Failed error={error} reload={reload} />}
      {!data && !error && <p className="loading" role="status">Loading…</p>}
      {data && (
        <>
          <p className="notice" id="why">{whyEnded(session, instant)}.</p>
          <div className="columns wide-first">
            <Card id="timeline" title="What happened">
              <ol className="timeline">
                {data.events.map((/** @type {TimelineEvent} */ event, /** @type {number} */ n) => <Happening key={n} event={event} />)}
              </ol>
              {data.events.length === 0 && <p className="hint">The records of this session are gone: they are kept for a time only.</p>}
            </Card>
            <Card id="session" title="The session">
              <Facts
                of={[
                  ["Device", session.device],
                  ["Address", session.ip],
                  ["Signed in", session.created_at && instant(session.created_at)],
                  ["Signed in with", session.amr && describeMethods(session.amr)],
                  ["Last used", session.last_seen_at && instant(session.last_seen_at)],
                  ["Ended", session.ended_at && instant(session.ended_at)],
                  ["Id", <code key="id">{id}</code>],
                ]}
              />
            </Card>
          </div>
        </>
      )}
    </>
  );
}

/** @param {{ event: TimelineEvent }} props */
function Happening({ event: { at, type, outcome, ip, device, says } }) {
  const from = [device, ip].filter(Boolean).join(" · ");
  return (
    <li data-type={type} className={outcome === "failure" ? "failed" : undefined}>
      <time dateTime={at}>{instant(at)}</time>
      <p>{says}</p>
      {from && <p className="hint">{from}</p>}
    </li>
  );
}
