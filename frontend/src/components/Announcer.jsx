import { useSyncExternalStore } from "react";

const SHOWN_MS = 6000;

let text = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {string} next */
function set(next) {
  text = next;
  for (const fn of listeners) fn();
}

/** Says something politely, without moving the focus: seen for a moment, and heard by screen readers. @param {string} what */
export function announce(what) {
  set(what);
  clearTimeout(timer);
  timer = setTimeout(() => set(""), SHOWN_MS);
}

/** @param {() => void} fn */
function subscribe(fn) {
  listeners.add(fn);
  return () => void listeners.delete(fn);
}

export function Announcer() {
  return <p className="announcer" role="status">{useSyncExternalStore(subscribe, () => text, () => "")}</p>;
}
