import { instant } from "../text/format.js";

/** @param {{ status: "active" | "locked" | "disabled", until: string | null }} props */
export function Status({ status, until }) {
  if (status === "active") return <span className="badge">Active</span>;
  return (
    <>
      <span className="badge stopped">{status === "locked" ? "Locked" : "Disabled"}</span>
      {status === "locked" && until && <span className="hint">until {instant(until)}</span>}
    </>
  );
}
