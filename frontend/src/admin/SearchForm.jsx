import { useEffect, useRef, useState } from "react";

import { ROLES, STATUSES } from "./address.js";

/** Long enough that a word typed is one question. */
const PAUSE_MS = 250;

/**
 * Looks for people as one types.
 * @param {{ wanted: import("./address.js").Search, look: (next: import("./address.js").Search) => void, children: import("react").ReactNode }} props
 */
export function SearchForm({ wanted, look, children }) {
  const [q, setQ] = useState(wanted.q);
  const asked = useRef(wanted.q);
  const now = useRef({ wanted, look });
  now.current = { wanted, look };
  useEffect(() => {
    if (wanted.q !== asked.current) setQ((asked.current = wanted.q)); // by the browser's back
  }, [wanted.q]);
  useEffect(() => {
    if (q === asked.current) return;
    const timer = setTimeout(ask, PAUSE_MS);
    return () => clearTimeout(timer);

    function ask() {
      asked.current = q;
      now.current.look({ ...now.current.wanted, q });
    }
  }, [q]);

  /** @param {import("react").FormEvent} event */
  function onSubmit(event) {
    event.preventDefault();
    asked.current = q;
    look({ ...wanted, q });
  }

  const choose = (/** @type {"role" | "status"} */ name) => (/** @type {import("react").ChangeEvent<HTMLSelectElement>} */ event) => look({ ...wanted, q, [name]: event.target.value });
  return (
    <form className="search" role="search" method="post" onSubmit={onSubmit}>
      <label>
        Address or name begins with
        <input type="search" name="q" value={q} maxLength={254} autoComplete="off" autoCapitalize="none" spellCheck={false} onChange={(event) => setQ(event.target.value)} />
      </label>
      <label>
        Status
        <select value={wanted.status} onChange={choose("status")}>
          <option value="">Any</option>
          {STATUSES.map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      </label>
      <label>
        Role
        <select value={wanted.role} onChange={choose("role")}>
          <option value="">Any</option>
          {ROLES.map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      </label>
      {children}
    </form>
  );
}
