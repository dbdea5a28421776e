import { useSyncExternalStore } from "react";

/**
 * The token of a link in a mail. It stands after the `#`, so that no log and no Referer has it, and leaves the address
 * as soon as it is read, so that neither the history nor a look at the screen has it.
 */
let token = "";

/** @param {Pick<Window, "location" | "history">} [page] */
export function takeLinkToken({ location, history } = window) {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  token = given;
  history.replaceState(null, "", location.pathname + location.search);
}

/** Used, or refused: it is of no use any more. */
export function dropLinkToken() {
  token = "";
}

/** @param {() => void} fn */
function subscribe(fn) {
  const look = () => {
    takeLinkToken();
    fn();
  };
  window.addEventListener("hashchange", look); // another link, opened in this tab
  return () => window.removeEventListener("hashchange", look);
}

/** @returns {string} empty where the page was opened without a link */
export function useLinkToken() {
  return useSyncExternalStore(subscribe, () => token, () => "");
}

/** For tests, and for links within this page. */
export const linkToken = () => token;
