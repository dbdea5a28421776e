import { announce } from "./announce.js";
import { createAction } from "./action.js";
import { el } from "./el.js";

/** They cannot be asked for again, so leaving is a deliberate step. @param {string[]} codes @param {{ done: () => void }} on */
export function recoveryCodes(codes, { done }) {
  const text = codes.join("\n");
  const saved = el("button", { type: "button", class: "primary", onclick: done }, "I have saved them");
  const copy = createAction({
    label: "Copy",
    busyLabel: "Copying…",
    run: async () => {
      await navigator.clipboard.writeText(text);
      announce("Recovery codes copied.");
    },
  });
  copy.button.hidden = navigator.clipboard === undefined; // absent over plain http
  const heading = el("h3", { tabindex: "-1" }, "Save your recovery codes");
  return {
    first: heading,
    nodes: [
      heading,
      el("p", {}, "Two-factor sign-in is on. Without your phone, each of these signs you in once. They are shown only now."),
      el("ul", { class: "recovery-codes", id: "recovery-codes" }, ...codes.map((code) => el("li", {}, el("code", {}, code)))),
      el("div", { class: "actions" }, saved, copy.button),
      copy.alert,
    ],
  };
}
