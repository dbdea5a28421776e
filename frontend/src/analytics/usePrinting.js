import { useSyncExternalStore } from "react";
import { flushSync } from "react-dom";

/** @param {() => void} fn */
function subscribe(fn) {
  // The browser takes what is there when this returns, so it has to be drawn by then.
  const now = () => flushSync(fn);
  const print = window.matchMedia("print");
  print.addEventListener("change", now);
  return () => print.removeEventListener("change", now);
}

/** @returns {boolean} whether the page is being put on paper */
export function usePrinting() {
  return useSyncExternalStore(subscribe, () => window.matchMedia("print").matches, () => false);
}
