import { useMemo, useState } from "react";

import { Heading } from "../components/Heading.jsx";
import { follow } from "../components/useAddress.js";
import { usePages } from "../components/usePages.js";
import { instant, relative } from "../text/format.js";
import { EndEverybody } from "./EndEverybody.jsx";
import { ListFoot } from "./ListFoot.jsx";
import { NewPerson } from "./NewPerson.jsx";
import { SearchForm } from "./SearchForm.jsx";
import { Status } from "./Status.jsx";
import { personAddress, readSearch, searchQuery, writeSearch } from "./address.js";

/** @typedef {import("./people.js").Person} PersonShape */

/** Everybody with an account, by what is looked for. @param {{ search: string, go: import("../components/useAddress.js").Go }} props */
export function People({ search, go }) {
  const wanted = useMemo(() => readSearch(search), [search]);
  /** @type {ReturnType<typeof usePages<PersonShape>>} */
  const { rows, cursor, error, busy, more, again } = usePages((after) => searchQuery(wanted, after), "users");
  const [dialog, setDialog] = useState(/** @type {"new" | "end" | null} */ (null));
  const isAny = !wanted.q && !wanted.role && !wanted.status;
  return (
    <>
      <Heading>People</Heading>
      <p className="subline">Who has an account, how it stands, and what was done with it.</p>
      <SearchForm wanted={wanted} look={(next) => go(writeSearch(next), { replace: true })}>
        <button type="button" className="primary" onClick={() => setDialog("new")}>Add a person…</button>
      </SearchForm>
      <section className="card" aria-label="People" aria-busy={busy}>
        {rows.length > 0 && (
          <div className="scroll data tall-data people" tabIndex={0} role="region" aria-label="People found">
            <table>
              <caption className="unseen">People found</caption>
              <thead>
                <tr>{["E-mail", "Status", "Name", "Roles", "Two-factor", "Sessions", "Last sign-in"].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
              </thead>
              <tbody>{rows.map((person) => <Row key={person.id} person={person} go={go} />)}</tbody>
            </table>
          </div>
        )}
        <ListFoot count={rows.length} cursor={cursor} busy={busy} error={error} more={more} again={again} nothing={isAny ? "Nobody has an account yet." : "Nobody is like that. Search looks at how an address or a name begins."} />
      </section>
      <div className="actions after-list">
        <button type="button" className="danger" onClick={() => setDialog("end")}>Sign everybody out…</button>
      </div>
      {dialog === "new" && <NewPerson close={() => setDialog(null)} made={({ id }) => go(personAddress(id))} />}
      {dialog === "end" && <EndEverybody close={() => setDialog(null)} />}
    </>
  );
}

/** @param {{ person: PersonShape, go: import("../components/useAddress.js").Go }} props */
function Row({ person: { id, email, name, roles, mfa_enabled, passkeys, sessions, last_sign_in_at, status, locked_until }, go }) {
  const factors = [mfa_enabled && "Authenticator", passkeys > 0 && `${passkeys} passkey${passkeys === 1 ? "" : "s"}`].filter(Boolean).join(", ");
  return (
    <tr data-user={id}>
      <th scope="row"><a href={personAddress(id)} onClick={follow(go)}>{email}</a></th>
      <td><Status status={status} until={locked_until} /></td>
      <td>{name}</td>
      <td>{roles.join(", ")}</td>
      <td>{factors || "None"}</td>
      <td>{sessions}</td>
      <td>{last_sign_in_at ? <time dateTime={last_sign_in_at} title={instant(last_sign_in_at)}>{relative(last_sign_in_at, Date.now())}</time> : "Never"}</td>
    </tr>
  );
}
