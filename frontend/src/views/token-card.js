import { secondsLeft } from "../format.js";
import { describe } from "../messages.js";
import { announce } from "./announce.js";
import { createAction } from "./action.js";
import { card } from "./card.js";
import { el } from "./el.js";

/** How long the access token lives, and a way to renew it now. @param {import("../session.js").AuthSession} auth @param {import("../session.js").SignedIn} state */
export function tokenCard(auth, state) {
  let { tokens } = state;
  const count = el("span", { class: "count", id: "seconds-left" });
  const bar = el("progress", { "aria-hidden": "true", max: 1 });
  const trouble = el("p", { class: "trouble", role: "status" });
  const refresh = createAction({
    label: "Refresh now",
    busyLabel: "Refreshing…",
    run: async () => {
      await auth.refresh().catch((error) => {
        if (auth.getState().status === "signed-in" && !troubleIn(auth)) throw error; // else `trouble` says it
      });
      if (!troubleIn(auth)) announce("Access token renewed.");
    },
  });

  function tick() {
    const left = secondsLeft(tokens.expires_at_ms, Date.now());
    count.textContent = String(left);
    bar.value = Math.min(1, (left * 1000) / tokens.lifetime_ms);
  }

  /** @param {import("../session.js").SignedIn} next */
  function update(next) {
    tokens = next.tokens;
    trouble.textContent = next.trouble ? `${describe(next.trouble)} You stay signed in.` : "";
    tick();
  }

  update(state);
  const ticking = setInterval(tick, 1000);
  return {
    update,
    dispose: () => clearInterval(ticking),
    node: card(
      "token",
      "Access token",
      el("p", { class: "timer", role: "timer" }, count, " seconds left"),
      bar,
      trouble,
      el("div", { class: "actions" }, refresh.button),
      refresh.alert,
      el("p", { class: "hint" }, "It is renewed by itself. Reloading this page asks you to sign in again."),
    ),
  };
}

/** @param {import("../session.js").AuthSession} auth */
function troubleIn(auth) {
  const state = auth.getState();
  return state.status === "signed-in" && state.trouble !== null;
}
