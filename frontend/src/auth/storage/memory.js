/** @typedef {import("../types.js").Entry} Entry */

/** @type {Entry} */
export const EMPTY = { version: 0, fence: 0, session: null, ended: null, lease: null, retry: null };

/** This tab alone, until it is reloaded. @param {Entry} [entry] @returns {import("../types.js").Storage} */
export function createMemoryStorage(entry = EMPTY) {
  return {
    shared: false,
    read: async () => entry,
    update: async (change) => (entry = change(entry) ?? entry),
    seal: (session) => session,
    open: (sealed) => (sealed.sid ? sealed : null), // as another storage option left it: nobody is signed in
  };
}
