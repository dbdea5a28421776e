import { el } from "./el.js";

/**
 * @typedef {{ title: string, node: HTMLElement, first?: HTMLElement, update?: (state: import("../session.js").SignedIn) => void,
 *   dispose?: () => void }} View `first` takes the focus; else the heading does, so that a screen reader starts there
 */

/** Puts one view at a time on the page. @param {HTMLElement} main @param {HTMLElement} whoami the masthead's right side */
export function createPage(main, whoami) {
  /** @type {View | undefined} */
  let shown;

  return {
    /** @param {View} view */
    show(view) {
      shown?.dispose?.();
      shown = view;
      document.title = `${view.title} · Inphora`;
      main.replaceChildren(view.node);
      (view.first ?? view.node.querySelector("h1"))?.focus();
    },
    /** @param {import("../session.js").State} state */
    update(state) {
      if (state.status === "signed-in") shown?.update?.(state);
      whoami.replaceChildren(state.status === "signed-in" ? el("span", {}, state.user.email) : "");
    },
  };
}
