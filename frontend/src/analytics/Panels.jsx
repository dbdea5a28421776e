import { CoursePanel } from "./panels/CoursePanel.jsx";
import { FunnelPanel } from "./panels/FunnelPanel.jsx";
import { LinePanel } from "./panels/LinePanel.jsx";
import { RankingPanel } from "./panels/RankingPanel.jsx";
import { RetentionPanel } from "./panels/RetentionPanel.jsx";
import { ReusePanel } from "./panels/ReusePanel.jsx";
import { DEVICE_PARTS, writeView } from "./numbers/address.js";
import { describeColumn } from "./numbers/columns.js";
import { addDays } from "./numbers/days.js";
import { ASKS, follows, queryOf } from "./numbers/questions.js";
import { writeList } from "./numbers/session-list.js";
import { follow } from "../components/useAddress.js";
import { usePrinting } from "./usePrinting.js";
import { useQuestion } from "./useQuestion.js";

/**
 * @typedef {import("./numbers/address.js").View} View
 * @typedef {import("./numbers/address.js").Period} Period
 * @typedef {import("./useQuestion.js").Asked} Asked
 * @typedef {{ id: string, title: string, ask: string, metrics: string[], lead: string }} Spec `ask`: which question it reads
 */

/** @type {Record<string, import("./panels/LinePanel.jsx").Drawn>} */
const DRAWN = {
  actives: { columns: ["dau", "wau", "mau"], measure: "dau", names: { dau: "One day", wau: "7 days", mau: "28 days" }, scale: "zero" },
  success: { columns: ["login_attempt_success", "login_flow_success"], measure: "login_flow_success", names: { login_attempt_success: "Attempts", login_flow_success: "Sign-ins" }, scale: "fit" },
  lengths: {
    columns: ["active_span_p50", "active_span_p95", "lifetime_p50", "lifetime_p95"],
    measure: "active_span_p50",
    names: { active_span_p50: "Active p50", active_span_p95: "Active p95", lifetime_p50: "Lifetime p50", lifetime_p95: "Lifetime p95" },
    scale: "lengths",
  },
  refreshes: { columns: ["refreshes_per_session", "refreshes_per_session_background"], measure: "refreshes_per_session", names: { refreshes_per_session: "Foreground", refreshes_per_session_background: "Background" }, scale: "zero" },
  adoption: { columns: ["mfa_adoption"], measure: "mfa_adoption", names: { mfa_adoption: "Enrolled" }, scale: "zero" },
  factors: { columns: ["mfa_use"], measure: "mfa_use", names: { mfa_use: "Used" }, scale: "zero" },
};

/** @type {Record<string, string>} */
const DEVICE_NAMES = { device_class: "Class", browser: "Browser", os: "System" };

/**
 * All charts. @param {{ view: View, period: Period, people: Asked, change: (next: Partial<View>) => void, go: (to: string) => void, round: number }} props
 *   `round`: when it moves on, all is asked anew
 */
export function Panels({ view, period, people, change, go, round }) {
  const printing = usePrinting();
  const onLink = follow(go);
  // What one looks at first is asked first: a browser asks six questions at once, a busy service answers fewer.
  const isFirst = people.data === null && people.error === null;
  const ask = (/** @type {string} */ name) => (isFirst ? null : queryOf(name, view, period));
  const registry = useQuestion(isFirst ? null : "/api/analytics/metrics");
  const asked = {
    people,
    signin: useQuestion(ask("signin"), round),
    reasons: useQuestion(ask("reasons"), round),
    course: useQuestion(ask("course"), round),
    sessions: useQuestion(ask("sessions"), round),
    ends: useQuestion(ask("ends"), round),
    factors: useQuestion(ask("factors"), round),
    retention: useQuestion(ask("retention"), round),
    devices: useQuestion(ask("devices"), round),
    countries: useQuestion(ask("countries"), round),
  };

  /** @param {string} what */
  function toggle(what) {
    change({ show: view.show.includes(what) ? view.show.filter((each) => each !== what) : [...view.show, what] });
  }

  /** What every panel needs. @param {string} id @param {keyof typeof asked} name @param {string[]} metrics */
  function common(id, name, metrics) {
    const of = /** @type {import("./numbers/questions.js").Ask} */ (ASKS[name]);
    const isFree = view.by !== "" && !follows(of, view);
    return {
      id,
      metrics,
      url: queryOf(name, view, period, { metrics }),
      asked: asked[name],
      registry: registry.data?.metrics ?? null,
      show: view.show,
      toggle,
      printing,
      follow: onLink,
      notes: [isFree && (view.only ? "Of everybody: this cannot be narrowed down." : `Not broken down: this is not counted by ${describeColumn(view.by).label.toLowerCase()}.`)],
    };
  }

  /** The sessions behind a number. @param {Partial<{ from: string, to: string, at: "started" | "ended", filters: Record<string, string> }>} part */
  function sessionsOf({ from = period.from, to = period.to, at = "started", filters = {} }) {
    const only = view.by && view.only && Object.keys(filters).length === 0 ? { [view.by]: view.only } : {};
    return writeList({ from, to, tz: view.tz, at, filters: { ...only, ...filters }, back: writeView(view) });
  }
  const dayHref = (/** @type {string} */ day) => sessionsOf({ from: day, to: addDays(day, 1) });
  const endedHref = (/** @type {string} */ day) => sessionsOf({ from: day, to: addDays(day, 1), at: "ended" });
  const pickDay = (/** @type {string} */ day) => go(dayHref(day));
  const pickEnded = (/** @type {string} */ day) => go(endedHref(day));
  const reuseHref = (/** @type {string} */ day) => sessionsOf({ from: day, to: addDays(day, 1), at: "ended", filters: { reuse_detected: "true" } });

  return (
    <div className="panels">
      <LinePanel {...common("actives", "people", ["dau", "wau", "mau"])} title="Active users" lead="People who signed in, refreshed in a tab they looked at, or sent a request." drawn={/** @type {any} */ (DRAWN.actives)} pickDay={pickDay} dayHref={dayHref} />
      <LinePanel {...common("success", "signin", ["login_attempt_success", "login_flow_success"])} title="Sign-in success" lead="Single attempts, and sign-ins as people see them: any success within half an hour." drawn={/** @type {any} */ (DRAWN.success)} pickDay={pickDay} dayHref={dayHref} />
      <RankingPanel {...common("reasons", "reasons", ["failure_reasons"])} title="Why sign-ins fail" lead="Steps that failed, and how many people they failed for." column="failure_reasons" second="failure_reasons_users" isWhole look="s2" empty="No sign-in failed in this range." />
      <FunnelPanel {...common("funnel", "signin", ["login_funnel"])} title="How far sign-ins come" lead="Of all that started in this range." />
      <RankingPanel {...common("ends", "ends", ["sessions_ended"])} title="How sessions end" lead="A reason leads to its sessions." column="sessions_ended" isWhole empty="No session ended in this range." cellHref={(cell) => sessionsOf({ at: "ended", filters: { end_reason: cell } })} />
      <CoursePanel {...common("course", "course", ["open_sessions", "active_concurrent"])} title="Concurrency over the day" lead={`What is true of each time of day, over all complete days of the range${period.days > 124 ? " (its last 124)" : ""}. Peaks are the greatest of them, averages the mean.`} />
      <LinePanel {...common("lengths", "sessions", ["active_span", "lifetime"])} title="How long sessions last" lead="Of sessions that ended that day: half (p50) and 95 % (p95) are no longer. Active: until the last activity. The scale is logarithmic." drawn={/** @type {any} */ (DRAWN.lengths)} pickDay={pickEnded} dayHref={endedHref} />
      <LinePanel {...common("refreshes", "sessions", ["refreshes_per_session", "refreshes_per_hour"])} title="Refreshes a session" lead="Of sessions that ended that day. A hidden tab's refresh counts as background, not as activity." drawn={/** @type {any} */ (DRAWN.refreshes)} pickDay={pickEnded} dayHref={endedHref} />
      <LinePanel {...common("adoption", "factors", ["mfa_adoption"])} title="Second factor: adoption" lead="Of the users active in 28 days, how many have one." drawn={/** @type {any} */ (DRAWN.adoption)} />
      <LinePanel {...common("factors", "sessions", ["mfa_use"])} title="Second factor: use" lead="Of the sessions begun that day, how many with one." drawn={/** @type {any} */ (DRAWN.factors)} pickDay={pickDay} dayHref={dayHref} />
      <ReusePanel {...common("reuse", "signin", ["reuse_detections", "replays"])} title="Token reuse and replays" lead="A refresh token that comes back late ends its session: a copied token. One that comes twice at once, or whose answer was lost, does no harm." pickDay={(day) => go(reuseHref(day))} dayHref={reuseHref} />
      <RetentionPanel {...common("retention", "retention", ["retention"])} title="Who comes back" lead="Rows are weeks in which people were first seen; wN is the share of them active N weeks later. Weeks that are not over are empty." />
      <RankingPanel
        {...common("devices", "devices", ["active_users"])}
        title="Devices"
        lead="Distinct people; who uses two counts in both."
        column="active_users"
        empty="Nobody was active in this range."
        cellHref={(cell) => sessionsOf({ filters: { [view.device]: cell } })}
        controls={
          <fieldset className="segments small">
            <legend className="unseen">Devices by</legend>
            {DEVICE_PARTS.map((part) => (
              <label key={part}>
                <input type="radio" name="device" value={part} checked={view.device === part} onChange={() => change({ device: part })} />
                <span>{DEVICE_NAMES[part]}</span>
              </label>
            ))}
          </fieldset>
        }
      />
      <RankingPanel {...common("countries", "countries", ["active_users"])} title="Countries" lead="Of the address at sign-in. Unknown without a GeoIP file, which GEOIP_FILE names." column="active_users" empty="Nobody was active in this range." cellHref={(cell) => sessionsOf({ filters: { country: cell } })} />
    </div>
  );
}
