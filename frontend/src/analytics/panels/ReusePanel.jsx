import { Lines } from "./LinePanel.jsx";
import { partOf, sayPartial } from "../numbers/answer.js";
import { Panel } from "./Panel.jsx";

/** @type {[string, import("./LinePanel.jsx").Drawn][]} */
const CHARTS = [
  ["Reuse detected: the session was ended", { columns: ["reuse_detections"], measure: "reuse_detections", scale: "zero", kind: "bars" }],
  ["Replays without harm, by cause", { columns: ["replays_concurrent", "replays_lost_response"], measure: "replays_concurrent", names: { replays_concurrent: "Tabs at once", replays_lost_response: "Answer lost" }, scale: "zero" }],
];

/** Thefts apart from accidents: each on a scale of its own. @param {Omit<import("./Panel.jsx").PanelProps, "children"> & { pickDay: (day: string) => void }} props */
export function ReusePanel({ pickDay, notes = [], ...props }) {
  return (
    <Panel {...props} notes={[...notes, sayPartial(props.asked.data)]}>
      {(answer) => (
        <div className="pair">
          {CHARTS.map(([title, drawn], index) => (
            <div key={title}>
              <h3>{title}{index === 1 && partOf(answer) ? ": tabs at once" : ""}</h3>
              <Lines title={title} answer={answer} drawn={drawn} pickDay={index === 0 ? pickDay : undefined} />
            </div>
          ))}
        </div>
      )}
    </Panel>
  );
}
