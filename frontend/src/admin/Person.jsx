import { useState } from "react";

import { announce } from "../components/Announcer.jsx";
import { Card, Facts } from "../components/Card.jsx";
import { Failed } from "../components/Failed.jsx";
import { Heading } from "../components/Heading.jsx";
import { follow } from "../components/useAddress.js";
import { useRequest, useResource } from "../components/useResource.js";
import { instant } from "../text/format.js";
import { PersonSessions } from "./PersonSessions.jsx";
import { ReasonDialog } from "./ReasonDialog.jsx";
import { Status } from "./Status.jsx";
import { bodyOf, deedsFor } from "./people.js";
import { roleFields } from "./roles.js";

/**
 * @typedef {import("./people.js").Deed} Deed
 * @typedef {import("./people.js").Person} PersonShape
 */

/** One person's account. @param {{ id: string, go: import("../components/useAddress.js").Go }} props */
export function Person({ id, go }) {
  const address = `/api/admin/users/${encodeURIComponent(id)}`;
  const { data: person, error, reload } = useResource(address);
  const [round, setRound] = useState(0);

  async function changed() {
    setRound((count) => count + 1); // its sessions may have ended
    await reload();
  }

  return (
    <>
      <Heading>{person?.email ?? "Person"}</Heading>
      <p className="subline"><a href="/admin" onClick={follow(go)}>All people</a></p>
      {error && <Failed error={error} reload={reload} />}
      {!person && !error && <p className="loading" role="status">Loading…</p>}
      {person && (
        <div className="columns wide-first">
          <Card id="sessions" title="Sessions">
            <PersonSessions key={round} address={`${address}/sessions`} go={go} changed={changed} />
          </Card>
          <div className="column">
            <Card id="account" title="Account">
              <About person={person} />
            </Card>
            <Card id="deeds" title="What to do">
              <Deeds person={person} address={address} changed={changed} />
            </Card>
          </div>
        </div>
      )}
    </>
  );
}

/** @param {{ person: PersonShape }} props */
function About({ person }) {
  return (
    <Facts
      of={[
        ["Name", person.name],
        ["Status", <Status key="status" status={person.status} until={person.locked_until} />],
        ["Roles", person.roles.join(", ") || "None"],
        ["Two-factor", person.mfa_enabled ? "On" : "Off"],
        ["Passkeys", String(person.passkeys)],
        ["Since", instant(person.created_at)],
        ["Last sign-in", person.last_sign_in_at ? instant(person.last_sign_in_at) : "Never"],
        ["Id", <code key="id">{person.id}</code>],
      ]}
    />
  );
}

/** @param {{ person: PersonShape, address: string, changed: () => Promise<void> }} props */
function Deeds({ person, address, changed }) {
  const request = useRequest();
  const [deed, setDeed] = useState(/** @type {Deed | null} */ (null));

  /** @param {Deed} chosen @param {Record<string, string>} typed */
  async function act(chosen, typed) {
    await request(chosen.method, `${address}/${chosen.path}`, bodyOf(chosen, typed));
    setDeed(null);
    announce(chosen.done);
    await changed();
    document.getElementById("deeds-title")?.focus(); // the button pressed may be gone
  }

  return (
    <div className="actions column-actions">
      {deedsFor(person).map((each) => (
        <button key={each.key} type="button" className={each.kind === "danger" ? "danger" : "quiet"} onClick={() => setDeed(each)}>{each.label}</button>
      ))}
      {deed && (
        <ReasonDialog title={deed.title} label={deed.label.replace("…", "")} kind={deed.kind} fields={fieldsOf(deed, person)} run={(typed) => act(deed, typed)} close={() => setDeed(null)}>
          {deed.explains}
        </ReasonDialog>
      )}
    </div>
  );
}

/** @param {Deed} deed @param {PersonShape} person @returns {import("../components/Form.jsx").FieldOptions[]} */
function fieldsOf({ wants }, { roles }) {
  if (wants === "roles") return roleFields(roles);
  if (wants === "until") return [{ name: "until", label: "Until (empty: until somebody unlocks it)", input: { type: "datetime-local" } }];
  return [];
}
