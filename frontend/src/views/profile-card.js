import { getMe } from "../account.js";
import { instant } from "../format.js";
import { describeMethods } from "../messages.js";
import { createAction } from "./action.js";
import { card, facts } from "./card.js";
import { el } from "./el.js";

/** Who am I: `GET /me`. @param {import("../session.js").AuthSession} auth @param {import("../session.js").SignedIn} state */
export function profileCard(auth, state) {
  /** @type {import("../contract.js").Session | null} */
  let session = null;
  const slot = el("div");
  const retry = createAction({ label: "Load again", busyLabel: "Loading…", run: load });
  const node = card("profile", "Signed in as", slot, retry.alert, retry.button);
  retry.button.hidden = true;

  /** @param {import("../session.js").SignedIn} next */
  function update({ user }) {
    slot.replaceChildren(
      facts([
        ["Name", user.name],
        ["E-mail", user.email],
        ["Roles", user.roles.join(", ")],
        ["Signed in", session && instant(session.created_at)],
        ["Signed in with", session && describeMethods(session.amr)],
        ["Session ends", session && instant(session.expires_at)],
        ["Address", session?.ip],
      ]),
    );
  }

  async function load() {
    session = (await getMe(auth)).session;
    retry.button.hidden = true;
    const now = auth.getState();
    if (now.status === "signed-in") update(now);
  }

  update(state);
  load().catch(() => (retry.button.hidden = false));
  return { node, update };
}
