import { encrypted } from "../crypto.js";
import { AuthError } from "../errors.js";
import { createCookieStorage } from "./cookie.js";
import { createIdbStorage, openDatabase } from "./idb.js";
import { createMemoryStorage } from "./memory.js";
import { createTabStorage, createWebStorage } from "./web.js";

/**
 * The storage that the options name. Where the browser has no IndexedDB, and outside of browsers, it is memory.
 * @param {import("../types.js").Host} host @param {string} name @param {import("../types.js").AuthOptions} options
 * @returns {Promise<import("../types.js").Storage>}
 * @throws {AuthError} `encryption_unavailable`
 */
export async function openStorage(host, name, { storage = "idb", encrypt = "preferred" }) {
  if (typeof storage === "object") return storage;
  const database = openDatabase(host, name);
  let kept = createIdbStorage(database);
  if (storage === "memory") return createMemoryStorage();
  try {
    await kept.read();
  } catch (trouble) {
    kept = createMemoryStorage();
    if (host.document) kept.trouble = /** @type {AuthError} */ (trouble);
  }
  if (storage === "cookie") return createCookieStorage(kept);
  if (storage === "session") kept = createTabStorage(host, name);
  if (storage === "web" && kept.shared) kept = createWebStorage(host, name, kept);
  // Plain http has no such crypto, and Safari in Lockdown Mode keeps no keys.
  const sealed = encrypt !== "off" && (await encrypted(host, kept, database).catch(() => null));
  if (encrypt === "required" && !sealed) throw new AuthError("storage", { code: "encryption_unavailable" });
  return sealed || kept;
}
