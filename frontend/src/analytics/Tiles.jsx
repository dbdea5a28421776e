import { Spark } from "./charts/Spark.jsx";
import { complete, mean, most, partialOf, quotient, sum, valuesOf } from "./numbers/answer.js";
import { NOTHING, change, say, sayWindow } from "./numbers/units.js";

/**
 * @typedef {import("./numbers/answer.js").Answer} Answer
 * @typedef {import("./useQuestion.js").Asked} Asked
 * @typedef {{ title: string, value: string, words: string, moved?: ReturnType<typeof change>, values?: (number | null)[], partial?: Set<number> }} TileProps
 *   `words`: what the value is of
 */

/** The six numbers one looks at first. @param {{ people: Asked, open: Asked, live: any, compare: boolean }} props */
export function Tiles({ people, open, live, compare }) {
  return (
    <section className="tiles" aria-label="At a glance">
      {peopleTiles(people.data, compare).map((tile) => <Tile key={tile.title} {...tile} busy={people.busy} />)}
      <Tile {...openNow(open.data, live)} busy={open.busy} />
      <Tile {...peakTile(open.data, compare)} busy={open.busy} />
    </section>
  );
}

/** @param {TileProps & { busy: boolean }} props */
function Tile({ title, value, words, moved, values, partial = new Set(), busy }) {
  return (
    <div className="card tile" aria-busy={busy}>
      <h2>{title}</h2>
      <p className="count">{value}</p>
      {values ? <Spark values={values} partial={partial} /> : <div className="spark" />}
      <p className="hint">{words}{moved && <> <span className={`moved ${moved.direction}`}>{moved.text}</span></>}</p>
    </div>
  );
}

/** @param {Answer | null} answer @param {boolean} compare @returns {TileProps[]} */
function peopleTiles(answer, compare) {
  const titles = ["Daily actives", "Weekly actives", "Monthly actives", "Stickiness"];
  if (!answer) return titles.map((title) => ({ title, value: "\u00a0", words: "\u00a0" }));
  const dau = complete(answer, "dau");
  const [of, by] = [complete(answer, "stickiness_numerator"), complete(answer, "stickiness_denominator")];
  const at = dau.windows.at(-1);
  const rolling = (/** @type {string} */ title, /** @type {string} */ column) => {
    const { now, before } = complete(answer, column);
    return { title, value: say(now.at(-1), "users"), words: at ? `at the end of ${sayWindow(at)}` : "no day is complete yet", moved: compare ? change(now.at(-1), before.at(-1), "users") : null, values: valuesOf(answer, column), partial: partialOf(answer) };
  };
  const sticky = quotient(sum(of.now), sum(by.now));
  return [
    { title: "Daily actives", value: say(rounded(mean(dau.now)), "users"), words: `mean of ${days(dau.windows.length)}`, moved: compare ? change(mean(dau.now), mean(dau.before), "users") : null, values: valuesOf(answer, "dau"), partial: partialOf(answer) },
    rolling("Weekly actives", "wau"),
    rolling("Monthly actives", "mau"),
    { title: "Stickiness", value: say(sticky, "share"), words: "daily ÷ monthly actives", moved: compare ? change(sticky, quotient(sum(of.before), sum(by.before)), "share") : null, values: valuesOf(answer, "stickiness"), partial: partialOf(answer) },
  ];
}

/** @param {Answer | null} answer @param {any} live @returns {TileProps} */
function openNow(answer, live) {
  const drawn = answer ? { values: valuesOf(answer, "open_sessions_average"), partial: partialOf(answer) } : {};
  if (!live) return { title: "Open now", value: NOTHING, words: answer ? "the live count is not there" : "\u00a0", ...drawn };
  return { title: "Open now", value: say(live.signed_in.sessions, "sessions"), words: `sessions of ${say(live.signed_in.users, "users")} people${live.approx ? ", approx" : ""}`, ...drawn };
}

/** @param {Answer | null} answer @param {boolean} compare @returns {TileProps} */
function peakTile(answer, compare) {
  if (!answer) return { title: "Peak", value: "\u00a0", words: "\u00a0" };
  const values = valuesOf(answer, "open_sessions_peak");
  const peak = most(values);
  const day = answer.rows[values.indexOf(peak)]?.[0];
  return { title: "Peak", value: say(peak, "sessions"), words: day && peak ? `open at once, ${sayWindow(String(day))}` : "open at once", moved: compare ? change(peak, most(valuesOf(answer, "open_sessions_peak_previous")), "sessions") : null, values, partial: partialOf(answer) };
}

/** @param {number | null} value */
const rounded = (value) => (value === null ? null : Math.round(value));

/** @param {number} count */
const days = (count) => (count === 0 ? "no complete day" : count === 1 ? "one complete day" : `${count} complete days`);
