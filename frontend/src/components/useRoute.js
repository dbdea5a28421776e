import { useSyncExternalStore } from "react";

/** @param {() => void} fn */
function subscribe(fn) {
  window.addEventListener("hashchange", fn);
  return () => window.removeEventListener("hashchange", fn);
}

/** What stands after the `#`: any static host serves such pages, and reloads find them again. @returns {string} */
export function useRoute() {
  return useSyncExternalStore(subscribe, () => window.location.hash.slice(1) || "/", () => "/");
}
