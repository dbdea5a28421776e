import { useCallback, useSyncExternalStore } from "react";

const CHANGED = "inphora:address";

/** @param {() => void} fn */
function subscribe(fn) {
  for (const event of ["popstate", CHANGED]) window.addEventListener(event, fn);
  return () => {
    for (const event of ["popstate", CHANGED]) window.removeEventListener(event, fn);
  };
}

/** @typedef {(to: string, how?: { replace?: boolean }) => void} Go */

/**
 * The page's address without its origin, and going to another one of this page without loading it anew.
 * @returns {{ path: string, search: string, go: Go }}
 */
export function useAddress() {
  const address = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search, () => "/");
  const go = useCallback((/** @type {string} */ to, /** @type {{ replace?: boolean }} */ { replace = false } = {}) => {
    if (replace) window.history.replaceState(null, "", to);
    else window.history.pushState(null, "", to);
    window.dispatchEvent(new Event(CHANGED));
  }, []);
  const [path = "", search = ""] = address.split(/(?=\?)/);
  return { path, search, go };
}

/**
 * For links of this page: followed here, unless the reader wants another tab.
 * @param {(to: string) => void} go @returns {(event: import("react").MouseEvent<HTMLAnchorElement>) => void}
 */
export function follow(go) {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const { pathname, search, hash } = event.currentTarget;
    go(pathname + search + hash);
    window.scrollTo(0, 0);
  };
}
