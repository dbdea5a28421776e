import { AuthError } from "../errors.js";
import { createMemoryStorage, EMPTY } from "./memory.js";

const STORE = "auth";

/**
 * One object store; a readwrite transaction on it excludes those of all other tabs.
 * @param {import("../types.js").Host} host @param {string} name of the database
 */
export function openDatabase(host, name) {
  /** @type {Promise<IDBDatabase> | undefined} */
  let opening;

  const open = () =>
    (opening ??= new Promise((resolve, reject) => {
      const request = host.indexedDB.open(name);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        request.result.onversionchange = request.result.onclose = close; // whoever deletes it must not wait for us
        resolve(request.result);
      };
    }));

  function close() {
    opening?.then((db) => db.close(), () => {});
    opening = undefined;
  }

  /**
   * @template T
   * @param {string} key @param {(value: T | undefined) => T | undefined} change undefined writes nothing
   * @param {IDBTransactionMode} [mode] @returns {Promise<T | undefined>} what is there afterwards
   */
  async function once(key, change, mode = "readwrite") {
    const db = await open();
    return new Promise((resolve, reject) => {
      // Strict: a token lost to a power cut would look like a stolen one when the former is presented again.
      const work = db.transaction(STORE, mode, { durability: "strict" });
      const store = work.objectStore(STORE);
      const request = store.get(key);
      /** @type {T | undefined} */
      let value;
      request.onsuccess = () => {
        const next = change(request.result);
        value = next ?? request.result;
        if (next !== undefined) store.put(next, key);
      };
      work.oncomplete = () => resolve(value);
      work.onabort = () => reject(work.error);
    });
  }

  return {
    /** The browser may close a database at any time: then it is opened anew, once. @type {typeof once} */
    change: (...work) =>
      once(...work).catch(() => {
        close();
        return once(...work).catch((cause) => {
          throw new AuthError("storage", { code: "storage_unavailable", cause });
        });
      }),
    close,
  };
}

/**
 * IndexedDB: the default. All tabs of an origin share it, also over plain http.
 * @param {ReturnType<typeof openDatabase>} database @returns {import("../types.js").Storage}
 */
export function createIdbStorage({ change, close }) {
  return {
    ...createMemoryStorage(), // for how it seals: not at all
    shared: true,
    read: async () => (await change("entry", () => undefined, "readonly")) ?? EMPTY,
    update: async (fn) => (await change("entry", (entry) => fn(entry ?? EMPTY))) ?? EMPTY,
    close,
  };
}
