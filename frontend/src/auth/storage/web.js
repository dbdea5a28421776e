import { createMemoryStorage, EMPTY } from "./memory.js";

const SETTLE_MS = 50;
const TRIES = 20;

/**
 * localStorage holds the session; version, lease and fence stay with `ledger` (IndexedDB), since localStorage alone
 * loses updates between processes: what one tab wrote, another may not see for a moment, so it waits until it does.
 * @param {import("../types.js").Host} host @param {string} name @param {import("../types.js").Storage} ledger
 * @returns {import("../types.js").Storage}
 */
export function createWebStorage(host, name, ledger) {
  /** @returns {[number, any]} */
  const load = () => parse(host.localStorage.getItem(name)) ?? [0, null];
  /** @param {import("../types.js").Entry} entry */
  const join = (entry) => ({ ...entry, session: entry.session && load()[1] });
  /** @param {import("../types.js").Entry} entry */
  const lags = ({ session, version }) => session && load()[0] < version;

  /** @param {import("../types.js").Change} change */
  async function update(change) {
    for (let tries = 0; ; tries++) {
      let late = false;
      const entry = await ledger.update((entry) => {
        late = lags(entry) && tries < TRIES;
        const next = late ? undefined : change(join(entry));
        if (!next) return;
        if (next.session) host.localStorage.setItem(name, JSON.stringify([next.version, next.session]));
        else host.localStorage.removeItem(name);
        return { ...next, session: next.session && true };
      });
      if (!late) return join(entry);
      await new Promise((resolve) => host.setTimeout(resolve, SETTLE_MS));
    }
  }

  return { ...ledger, read: () => update(() => undefined), update };
}

/**
 * sessionStorage: this tab, over reloads. It is there only while the page is not looked at: a copied tab would take a
 * copied refresh token with it, which is theft for all the service can tell.
 * @param {import("../types.js").Host} host @param {string} name @returns {import("../types.js").Storage}
 */
export function createTabStorage(host, name) {
  const area = host.sessionStorage;
  const memory = createMemoryStorage(parse(area.getItem(name)) ?? EMPTY);
  const put = () => memory.read().then((entry) => area.setItem(name, JSON.stringify(entry)));
  const look = () => (host.document.visibilityState === "hidden" ? put() : area.removeItem(name));
  look();
  host.document.addEventListener("visibilitychange", look);
  host.addEventListener("pagehide", put);
  host.addEventListener("pageshow", look);
  return memory;
}

/** @param {string | null} text */
function parse(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
