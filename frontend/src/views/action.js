import { describe } from "../messages.js";
import { el } from "./el.js";

/**
 * A button that does one thing at a time and says beside it what went wrong.
 * @param {{ label: string, busyLabel: string, name?: string, kind?: "primary" | "quiet" | "danger",
 *   run: () => Promise<unknown> }} options `name`: what a screen reader says, where the label alone is not clear
 */
export function createAction({ label, busyLabel, name, kind = "quiet", run }) {
  const alert = el("p", { class: "alert", role: "alert" });
  const button = el("button", { class: kind, type: "button", "aria-label": name, onclick }, label);
  let busy = false;

  async function onclick() {
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    button.textContent = busyLabel;
    alert.textContent = "";
    try {
      await run();
    } catch (error) {
      alert.textContent = describe(/** @type {Error} */ (error));
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
      button.textContent = label;
    }
  }

  return { button, alert };
}
