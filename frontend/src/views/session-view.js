import { el } from "./el.js";
import { profileCard } from "./profile-card.js";
import { sessionsCard } from "./sessions-card.js";
import { signOutCard } from "./sign-out-card.js";
import { tokenCard } from "./token-card.js";
import { twoFactorCard } from "./two-factor-card.js";

/**
 * @param {import("../session.js").AuthSession} auth @param {import("../session.js").SignedIn} state
 * @returns {import("./page.js").View}
 */
export function sessionView(auth, state) {
  const profile = profileCard(auth, state);
  const token = tokenCard(auth, state);
  const sessions = sessionsCard(auth);
  const twoFactor = twoFactorCard(auth, state);
  const signOut = signOutCard(auth, { othersEnded: sessions.load });
  return {
    title: "Your session",
    node: el(
      "div",
      { class: "session" },
      el("h1", { tabindex: "-1" }, "Your session"),
      el(
        "div",
        { class: "columns" },
        el("div", { class: "column" }, profile.node, token.node, twoFactor.node),
        el("div", { class: "column" }, sessions.node, signOut.node),
      ),
    ),
    update(next) {
      profile.update(next);
      token.update(next);
      twoFactor.update(next);
    },
    dispose: token.dispose,
  };
}
