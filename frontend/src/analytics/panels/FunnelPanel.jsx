import { Ranking } from "../charts/Ranking.jsx";
import { sum, valuesOf } from "../numbers/answer.js";
import { describeColumn } from "../numbers/columns.js";
import { say } from "../numbers/units.js";
import { Panel } from "./Panel.jsx";

const STEPS = ["login_funnel_started", "login_funnel_password", "login_funnel_second_factor", "login_funnel_session"];

/** How far sign-ins come. A flow is counted in the day it starts, so days add up. @param {Omit<import("./Panel.jsx").PanelProps, "children">} props */
export function FunnelPanel(props) {
  return (
    <Panel {...props}>
      {(answer) => {
        const totals = STEPS.map((column) => sum(valuesOf(answer, column)));
        const before = STEPS.map((column) => sum(valuesOf(answer, `${column}_previous`)));
        if (!totals[0]) return <p className="hint nothing">Nobody has begun to sign in here.</p>;
        const ranks = STEPS.map((column, index) => ({ cell: column, name: describeColumn(column).label, value: totals[index] ?? 0, before: before[index] ?? 0, note: noteOf(column, totals) }));
        return <Ranking caption={props.title} ranks={ranks} unit="flows" whole={totals[0]} compare={(before[0] ?? 0) > 0} head={["Step", "Sign-ins"]} />;
      }}
    </Panel>
  );
}

/** @param {string} column @param {number[]} totals */
function noteOf(column, [started = 0, password = 0, , session = 0]) {
  if (column.endsWith("_password")) return `${say(started - password, "flows")} gave up or failed before`;
  if (column.endsWith("_second_factor")) return "where the account has one";
  return column.endsWith("_session") && password > 0 ? `${say(session / password, "share")} of those with the right password` : undefined;
}
