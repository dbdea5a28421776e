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
 * @typedef {import("./PersonSessions.jsx").AnySession} AnySession
 * @typedef {{ at: string, type: string, outcome: string, ip: string | null, device: string | null, says: string, times: number,
 *   until: string | null }} TimelineEvent `times` and `until`: so many in a row are told as one
 * @typedef {{ session: AnySession | null, user_id: string, events: TimelineEvent[], complete: boolean }} Timeline
 */

/** Everything that happened to one session: the answer to "why was I signed out?". @param {{ id: string, go: import("../components/useAddress.js").Go }} props */
export function SessionTimeline({ id, go }) {
  const { data, error, reload } = useResource(`/api/admin/sessions/${encodeURIComponent(id)}/timeline`);
  const owner = data?.user_id;
  return (
    <>
      <Heading>What happened to a session</Heading>
      <p className="subline"><a href={owner ? personAddress(owner) : "/admin"} onClick={follow(go)}>{owner ? "Its owner" : "All people"}</a></p>
      {error && <Failed error={error} reload={reload} />}
      {!data && !error && <p className="loading" role="status">Loading…</p>}
      {data && <Told id={id} timeline={data} />}
    </>
  );
}

/** @param {{ id: string, timeline: Timeline }} props */
function Told({ id, timeline: { session, events, complete } }) {
  return (
    <>
      <p className="notice" id="why">{whyEnded(session, instant)}.</p>
      <div className="columns wide-first">
        <Card id="timeline" title="What happened">
          <ol className="timeline">{events.map((event, n) => <Happening key={n} event={event} />)}</ol>
          {!complete && <p className="hint">It was used thousands of times: some uses in the middle are left out.</p>}
          {events.length === 0 && <p className="hint">The audit has nothing of this session any more: it is kept for a time only.</p>}
        </Card>
        <Card id="session" title="The session">
          <Facts
            of={[
              ["Device", session?.device],
              ["Address", session?.ip],
              ["Signed in", session && instant(session.created_at)],
              ["Signed in with", session && describeMethods(session.amr)],
              ["Last used", session && instant(session.last_seen_at)],
              ["Ended", session?.ended_at && instant(session.ended_at)],
              ["Id", <code key="id">{id}</code>],
            ]}
          />
        </Card>
      </div>
    </>
  );
}

/** @param {{ event: TimelineEvent }} props */
function Happening({ event: { at, type, outcome, ip, device, says, until } }) {
  const from = [device, ip].filter(Boolean).join(" · ");
  return (
    <li data-type={type} className={outcome === "failure" ? "failed" : undefined}>
      <time dateTime={at}>{instant(at)}</time>
      {until && <time dateTime={until}> to {instant(until)}</time>}
      <p>{says}</p>
      {from && <p className="hint">{from}</p>}
    </li>
  );
}
