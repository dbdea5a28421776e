import { useEffect, useState } from "react";

import { clock } from "../text/format.js";

/** Counts down to when something may be tried again. A timer is no live region: it is not read out every second. @param {{ seconds: number }} props */
export function Wait({ seconds }) {
  const [end_ms] = useState(() => Date.now() + seconds * 1000);
  const [left_s, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((end_ms - Date.now()) / 1000))), 1000);
    return () => clearInterval(timer);
  }, [end_ms]);
  return <p className="hint wait" role="timer">{left_s > 0 ? `You can try again in ${clock(left_s)}.` : "You can try again now."}</p>;
}
