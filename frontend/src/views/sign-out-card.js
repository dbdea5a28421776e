import { announce } from "./announce.js";
import { createAction } from "./action.js";
import { card } from "./card.js";
import { el } from "./el.js";

/** @param {import("../session.js").AuthSession} auth @param {{ othersEnded: () => Promise<void> }} on */
export function signOutCard(auth, { othersEnded }) {
  const here = createAction({ label: "Sign out", busyLabel: "Signing out…", kind: "primary", run: () => auth.signOut("local") });
  const others = createAction({
    label: "Sign out other devices",
    busyLabel: "Signing out…",
    run: async () => {
      await auth.signOut("others");
      announce("Your other devices are signed out.");
      await othersEnded();
    },
  });
  const everywhere = createAction({
    label: "Sign out everywhere",
    busyLabel: "Signing out…",
    kind: "danger",
    run: () => auth.signOut("global"),
  });
  return {
    node: card(
      "sign-out",
      "Sign out",
      el("p", { class: "hint" }, "On a shared computer, sign out before you leave."),
      el("div", { class: "actions" }, here.button, others.button, everywhere.button),
      here.alert,
      others.alert,
      everywhere.alert,
    ),
  };
}
