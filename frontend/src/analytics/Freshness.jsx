import { useEffect, useState } from "react";

import { relative } from "../text/format.js";
import { sayMoment } from "./numbers/units.js";

const LOOK_MS = 30_000;

/**
 * How far the numbers reach, and from when on they do not move any more.
 * @param {{ watermark: { refreshed_at: string | null, closed_through: string | null } | undefined, tz: string, reload: () => void }} props
 */
export function Freshness({ watermark, tz, reload }) {
  const [now_ms, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const { refreshed_at, closed_through } = watermark ?? {};
  return (
    <div className="freshness" id="freshness">
      <p>
        {refreshed_at ? (
          <>
            Complete through <b><time dateTime={refreshed_at}>{sayMoment(refreshed_at, tz)}</time></b>, updated {relative(refreshed_at, Math.max(now_ms, Date.parse(refreshed_at)))}.
            {closed_through && <span title="What is younger may still move: events can come late."> Final through <time dateTime={closed_through}>{sayMoment(closed_through, tz)}</time>.</span>}
          </>
        ) : (
          "\u00a0"
        )}
      </p>
      <button type="button" className="link" onClick={reload}>Update</button>
    </div>
  );
}
