import { useCallback, useMemo, useState } from "react";

import { Freshness } from "./Freshness.jsx";
import { LiveStrip } from "./LiveStrip.jsx";
import { Panels } from "./Panels.jsx";
import { Tiles } from "./Tiles.jsx";
import { Toolbar } from "./Toolbar.jsx";
import { isEmpty } from "./numbers/answer.js";
import { periodOf, readView, writeView } from "./numbers/address.js";
import { sayCell } from "./numbers/columns.js";
import { addDays, ownZone } from "./numbers/days.js";
import { ASKS, follows, queryOf } from "./numbers/questions.js";
import { sayDays } from "./numbers/units.js";
import { useLive } from "./useLive.js";
import { useQuestion } from "./useQuestion.js";

/**
 * @typedef {import("./numbers/address.js").View} View
 * @typedef {import("./numbers/address.js").Period} Period
 */

/** Everything at once, as the address says. @param {{ search: string, go: (to: string) => void }} props */
export function Dashboard({ search, go }) {
  const zone = useMemo(ownZone, []);
  const view = useMemo(() => readView(search, zone), [search, zone]);
  const period = periodOf(view, Date.now());
  const isParted = view.by !== "" && view.only === "" && follows(/** @type {any} */ (ASKS.people), view);
  const [round, setRound] = useState(0);
  const people = useQuestion(queryOf("people", view, period, { whole: true }), round);
  const open = useQuestion(queryOf("open", view, period), round);
  const parted = useQuestion(isParted ? queryOf("people", view, period) : null, round);
  const cells = useQuestion(view.by ? queryOf("cells", { ...view, compare: false }, period) : null);
  const { live, error } = useLive();
  const change = useCallback((/** @type {Partial<View>} */ next) => go(`/analytics${writeView({ ...view, ...next })}`), [go, view]);
  const { refreshed_at } = people.data?.watermark ?? {};
  return (
    <>
      <p className="subline">{describePeriod(view, period)}</p>
      <Toolbar view={view} change={change} cells={(cells.data?.rows ?? []).map((/** @type {string[]} */ row) => row[1]).filter((/** @type {string} */ cell) => cell !== "other")} />
      <div className="status">
        <Freshness watermark={people.data?.watermark} tz={view.tz} reload={() => setRound((count) => count + 1)} />
        <LiveStrip live={live} error={error} />
      </div>
      <p className="unseen" role="status">{people.busy ? "Loading the numbers…" : people.error ? "" : "The numbers are here."}</p>
      {people.data && !people.busy && isEmpty(people.data) && <Empty isNew={!refreshed_at} />}
      <Tiles people={people} open={open} live={live} compare={view.compare} />
      <Panels view={view} period={period} people={isParted ? parted : people} change={change} go={go} round={round} />
    </>
  );
}

/** @param {View} view @param {Period} period @returns {string} what is shown, also on paper */
function describePeriod(view, { from, to, days }) {
  const last = addDays(to, -1);
  const before = `compared with ${sayDays(addDays(from, -days), addDays(from, -1))}`;
  const only = view.by && view.only && `only ${sayCell(view.only, view.by)}`;
  return [sayDays(from, last), view.tz.replaceAll("_", " "), view.compare && before, only].filter(Boolean).join(" · ");
}

/** @param {{ isNew: boolean }} props */
function Empty({ isNew }) {
  return (
    <div className="notice" id="empty">
      <p><b>{isNew ? "There are no events yet." : "Nothing happened in this range."}</b></p>
      <p>
        {isNew
          ? "Numbers appear two minutes after the first sign-in, when a worker has counted it: is one running? To look around with made-up traffic, run inphora-auth analytics simulate beside a service of your own."
          : "Choose a longer range, or another filter."}
      </p>
    </div>
  );
}
