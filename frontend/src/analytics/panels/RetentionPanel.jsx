import { HeatMap } from "../charts/HeatMap.jsx";
import { valuesOf } from "../numbers/answer.js";
import { Panel } from "./Panel.jsx";

const WEEKS = 12;

/** Who comes back. @param {Omit<import("./Panel.jsx").PanelProps, "children">} props */
export function RetentionPanel(props) {
  return (
    <Panel {...props}>
      {(answer) => {
        const users = valuesOf(answer, "retention_cohort");
        const weeks = Array.from({ length: WEEKS }, (_, index) => valuesOf(answer, `retention_w${index + 1}`));
        const rows = answer.rows.map(([cohort], index) => ({ cohort: String(cohort), users: users[index] ?? null, weeks: weeks.map((values) => values[index] ?? null) })).filter((row) => row.users);
        if (rows.length === 0) return <p className="hint nothing">Nobody came for the first time in these weeks.</p>;
        return <HeatMap caption={props.title} rows={rows} />;
      }}
    </Panel>
  );
}
