import { Screen } from "./Screen.jsx";

/** For links that were used, are too old, or were not copied whole. @param {{ what: string, again: [string, string] }} props `again`: where to have another one */
export function DeadLink({ what, again }) {
  return (
    <Screen title="This link does not work" links={[again, ["/", "Go to sign-in"]]}>
      <p>It has been used, is too old, or is not whole. {what}</p>
      <p className="hint">Reloading this page loses the link, too: open it again from the mail.</p>
    </Screen>
  );
}
