import { useState } from "react";

import { Action } from "../components/Action.jsx";
import { post } from "../components/ask.js";
import { DeadLink } from "./DeadLink.jsx";
import { Screen } from "./Screen.jsx";
import { dropLinkToken, useLinkToken } from "./link-token.js";

/**
 * What a link in a mail confirms. By a button: programs that look into mails open links, and confirm nothing.
 * @param {{ path: string, title: string, says: string, label: string, done: (answer: any) => import("react").ReactNode,
 *   dead: { what: string, again: [string, string] }, then?: () => void }} props `done`: what is shown afterwards
 */
export function Confirm({ path, title, says, label, done, dead, then }) {
  const token = useLinkToken();
  const [answer, setAnswer] = useState(/** @type {any} */ (undefined));
  const [refusal, setRefusal] = useState("");
  if (answer !== undefined) return done(answer);
  if (refusal === "conflict") {
    return (
      <Screen title="This address is taken">
        <p>Another account has it by now. Nothing was changed.</p>
      </Screen>
    );
  }
  if (!token || refusal) return <DeadLink {...dead} />;

  async function confirm() {
    const given = await post(path, { token }).catch((error) => {
      if (/^(link_invalid|conflict)$/.test(error.code)) setRefusal(error.code);
      throw error;
    });
    setAnswer(given);
    dropLinkToken();
    then?.();
  }

  return (
    <Screen title={title} links={[]}>
      <p>{says}</p>
      <div className="actions">
        <Action label={label} busyLabel="Confirming…" kind="primary" run={confirm} />
      </div>
    </Screen>
  );
}
