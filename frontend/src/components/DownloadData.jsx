import { useEffect, useRef, useState } from "react";

import { awaitArchive, pause } from "../person/archive.js";
import { instant } from "../text/format.js";
import { Action } from "./Action.jsx";
import { Facts } from "./Card.jsx";
import { useAnswer } from "./useResource.js";

/** @typedef {import("../person/archive.js").Archive} Archive */

const FILE_NAME = "my-data.json";
/** After so many pauses it takes longer than it should. */
const PATIENCE = 10;

/** Asks for all that is held on the person signed in, waits while it is made, and offers it as a file. */
export function DownloadData() {
  const ask = useAnswer();
  const [pauses, setPauses] = useState(0);
  const [archive, setArchive] = useState(/** @type {Archive | null} */ (null));
  const leaving = useRef(/** @type {AbortController | null} */ (null));
  useEffect(() => {
    const controller = (leaving.current = new AbortController());
    return () => controller.abort();
  }, []);

  async function prepare() {
    const { signal } = /** @type {AbortController} */ (leaving.current);
    const wait = (/** @type {number} */ seconds) => {
      setPauses((count) => count + 1);
      return pause(seconds, signal);
    };
    try {
      setArchive(await awaitArchive(() => ask("GET", "/api/auth/me/export", { signal }), wait));
    } finally {
      setPauses(0);
    }
  }

  if (archive) return <Ready archive={archive} />;
  return (
    <>
      <div className="stack">
        <p>Everything we hold on you in one file: your account, every sign-in, and what happened to your account, with when and from where.</p>
        <p className="hint">The file is JSON, which people and programs can read. Passwords and codes are not in it: whoever found it could sign in as you.</p>
        <div className="actions">
          <Action label="Prepare my data" busyLabel="Preparing…" kind="primary" run={prepare} />
        </div>
      </div>
      <div role="status">
        {pauses > 0 && (
          <div className="stack">
            <progress aria-label="Preparing your data" />
            <p className="hint">
              {pauses > PATIENCE
                ? "This takes longer than usual. You may leave this page: your data is prepared all the same, and waits for you here."
                : "Your data is being put together. This takes a few seconds."}
            </p>
          </div>
        )}
      </div>
    </>
  );
}

/** @param {{ archive: Archive }} props */
function Ready({ archive: { file, made_at, kept_until } }) {
  const [url, setUrl] = useState("");
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return (
    <div className="stack">
      <h3 ref={heading} tabIndex={-1}>Your data is ready</h3>
      <Facts
        of={[
          ["Prepared", instant(made_at)],
          ["Kept until", instant(kept_until)],
        ]}
      />
      <p className="hint">Until then you get this same file here. After that it is dropped, and prepared anew when you ask.</p>
      <div className="actions">
        <a className="button primary" href={url} download={FILE_NAME}>Save {FILE_NAME}</a>
      </div>
    </div>
  );
}
