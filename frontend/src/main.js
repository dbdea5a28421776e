import { createApi } from "./api.js";
import { createSession } from "./session.js";
import { createPage } from "./views/page.js";
import { secondFactorView } from "./views/second-factor.js";
import { sessionView } from "./views/session-view.js";
import { signInView } from "./views/sign-in.js";

const auth = createSession({ request: createApi() });
const page = createPage(
  /** @type {HTMLElement} */ (document.getElementById("page")),
  /** @type {HTMLElement} */ (document.getElementById("signed-in-as")),
);

/** @param {import("./session.js").State} state */
function viewOf(state) {
  switch (state.status) {
    case "signed-out":
      return signInView(auth, state.reason);
    case "second-factor":
      return secondFactorView(auth, state.methods);
    case "signed-in":
      return sessionView(auth, state);
  }
}

/** A view stays while its state only moves on, so that what is typed and focused in it stays too. */
let shown = auth.getState().status;
page.show(viewOf(auth.getState()));
auth.subscribe((state) => {
  if (state.status !== shown || state.status === "signed-out") page.show(viewOf(state));
  shown = state.status;
  page.update(state);
});

document.addEventListener("visibilitychange", auth.renewal.look);
window.addEventListener("pageshow", auth.renewal.look);
window.addEventListener("online", auth.renewal.hurry);
