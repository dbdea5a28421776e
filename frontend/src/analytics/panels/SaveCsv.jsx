import { useState } from "react";

import { announce } from "../../components/Announcer.jsx";
import { useAnswer } from "../../components/useResource.js";
import { explain } from "./Panel.jsx";

const KEEP_MS = 60_000;

/** The service's own CSV of a question, as a file. @param {{ url: string, name: string, of: string }} props */
export function SaveCsv({ url, name, of }) {
  const ask = useAnswer();
  const [busy, setBusy] = useState(false);

  async function save() {
    if (busy) return;
    setBusy(true);
    try {
      const file = await (await ask("GET", `${url}&format=csv`)).blob();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = fileName(name, url);
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
    } catch (error) {
      announce(explain(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <button type="button" className="tool" aria-disabled={busy} onClick={save}>
      <span className="unseen">Save </span>CSV<span className="unseen"> of {of}</span>
    </button>
  );
}

/** @param {string} name @param {string} url @returns {string} "actives-2026-10-27-to-2026-11-24.csv" */
function fileName(name, url) {
  const asked = new URLSearchParams(url.slice(url.indexOf("?")));
  return `${name}-${asked.get("from")}-to-${asked.get("to")}.csv`;
}
