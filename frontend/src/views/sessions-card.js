import { endSession, listSessions } from "../account.js";
import { instant, relative } from "../format.js";
import { describe } from "../messages.js";
import { announce } from "./announce.js";
import { createAction } from "./action.js";
import { card } from "./card.js";
import { el } from "./el.js";

/** Where this person is signed in, each to be ended. @param {import("../session.js").AuthSession} auth */
export function sessionsCard(auth) {
  const list = el("ul", { class: "sessions", "aria-busy": "true" });
  const alert = el("p", { class: "alert", role: "alert" });
  const reload = createAction({ label: "Update list", busyLabel: "Updating…", run: load });
  const node = card("sessions", "Where you are signed in", list, alert, el("div", { class: "actions" }, reload.button), reload.alert);

  async function load() {
    const sessions = await listSessions(auth);
    list.replaceChildren(...sessions.map(item));
    list.removeAttribute("aria-busy");
    alert.textContent = "";
  }

  /** @param {import("../contract.js").Session} session */
  function item(session) {
    const device = session.device || "Unknown device";
    const end = createAction({
      label: "End",
      busyLabel: "Ending…",
      name: `End session: ${device}${session.current ? " (this device)" : `, signed in ${instant(session.created_at)}`}`,
      kind: "danger",
      run: async () => {
        await endSession(auth, session);
        if (session.current) return;
        announce("Session ended.");
        await load();
        reload.button.focus(); // the button pressed is gone
      },
    });
    return el(
      "li",
      { "data-session-id": session.id },
      el(
        "div",
        { class: "about" },
        el("p", {}, el("span", { class: "device" }, device), session.current && el("span", { class: "badge" }, "This device")),
        el(
          "p",
          { class: "hint" },
          session.ip && `${session.ip} · `,
          "active ",
          el("time", { datetime: session.last_seen_at, title: instant(session.last_seen_at) }, relative(session.last_seen_at, Date.now())),
        ),
        end.alert,
      ),
      end.button,
    );
  }

  load().catch((error) => (alert.textContent = describe(error)));
  return { node, load };
}
