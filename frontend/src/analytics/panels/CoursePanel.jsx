import { Plot } from "../charts/Plot.jsx";
import { courseOfDay } from "../numbers/answer.js";
import { clockTicks, linear } from "../numbers/scale.js";
import { Panel } from "./Panel.jsx";

/** How many are there at which time of day. @param {Omit<import("./Panel.jsx").PanelProps, "children">} props */
export function CoursePanel(props) {
  return (
    <Panel {...props}>
      {(answer) => {
        const { times, peak, average, active } = courseOfDay(answer);
        if (times.length === 0) return <p className="hint nothing">No hour of this range is complete yet.</p>;
        return (
          <Plot
            title={props.title}
            series={[
              { name: "Open, peak", values: peak, unit: "sessions", look: "s1" },
              { name: "Open, average", values: average, unit: "sessions", look: "s3" },
              { name: "Active users, peak", values: active, unit: "users", look: "s2" },
            ]}
            scale={linear([...peak, ...average, ...active], { kind: "zero", whole: true })}
            count={times.length}
            ticks={clockTicks(times, 8)}
            say={(index) => `${times[index]} to ${times[(index + 1) % times.length]}`}
            partial={new Set()}
          />
        );
      }}
    </Panel>
  );
}
