import { say } from "./numbers/units.js";

const [WIDTH, HEIGHT] = [150, 26];
const MINUTES = 30;
const SLOT = WIDTH / MINUTES;

/** What happens at this moment, from Redis. @param {{ live: any, error: any }} props */
export function LiveStrip({ live, error }) {
  if (!live) {
    const words = error ? (error.status === 503 ? "Live numbers are away for the moment; they come back by themselves." : "Live numbers are not there.") : "Asking who is there now…";
    return <div className="live" id="live"><p className="hint">{words}</p></div>;
  }
  const minutes = /** @type {{ minute: string, logins: number, failures: number }[]} */ (live.per_minute).slice(-MINUTES);
  const last = minutes.at(-2) ?? minutes.at(-1) ?? { logins: 0, failures: 0 };
  const greatest = Math.max(...minutes.map(({ logins, failures }) => logins + failures), 1);
  const height = (/** @type {number} */ count) => (count / greatest) * (HEIGHT - 2);
  return (
    <div className="live" id="live">
      <p><span className="pulse" aria-hidden="true" /><b>{say(live.signed_in.users, "users")}</b> signed in, <b>{say(live.signed_in.sessions, "sessions")}</b> sessions</p>
      <p><b>{say(last.logins, "events")}</b> sign-ins, <b>{say(last.failures, "events")}</b> failures a minute</p>
      <svg className="minutes" width={WIDTH} height={HEIGHT} role="img" aria-label={`Sign-ins of the last ${minutes.length} minutes: ${minutes.reduce((all, { logins }) => all + logins, 0)}, failures: ${minutes.reduce((all, { failures }) => all + failures, 0)}`}>
        <line className="floor" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {minutes.map(({ minute, logins, failures }, index) => (
          <g key={minute}>
            <rect className="s1" x={index * SLOT} width={SLOT - 1.5} y={HEIGHT - 1 - height(logins)} height={height(logins)} />
            <rect className="s2" x={index * SLOT} width={SLOT - 1.5} y={HEIGHT - 1 - height(logins + failures)} height={height(failures)} />
          </g>
        ))}
      </svg>
      {live.approx && <p className="badge">approx</p>}
    </div>
  );
}
