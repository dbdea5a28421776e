const name = "AES-GCM";

/**
 * Seals what a storage keeps: AES-256-GCM under a key that IndexedDB holds and no script can read out. It keeps tokens
 * out of dumps and glances. A script that runs in the page can still use them.
 * @param {import("./types.js").Host} host @param {import("./types.js").Storage} storage
 * @param {ReturnType<typeof import("./storage/idb.js").openDatabase>} database where the key is
 * @returns {Promise<import("./types.js").Storage>}
 */
export async function encrypted(host, storage, { change }) {
  const { crypto } = host;
  const { subtle } = crypto;
  const fresh = await subtle.generateKey({ name, length: 256 }, false, ["encrypt", "decrypt"]);
  // The first that any tab has put there.
  const key = /** @type {CryptoKey} */ (await change("key", (first) => (first ? undefined : fresh)));
  return {
    ...storage,
    async seal(session) {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const text = new TextEncoder().encode(JSON.stringify(session));
      return String.fromCharCode(...iv, ...new Uint8Array(await subtle.encrypt({ name, iv }, key, text)));
    },
    async open(sealed) {
      try {
        const bytes = Uint8Array.from(sealed, (/** @type {string} */ letter) => letter.charCodeAt(0));
        const text = await subtle.decrypt({ name, iv: bytes.subarray(0, 12) }, key, bytes.subarray(12));
        return JSON.parse(new TextDecoder().decode(text));
      } catch {
        return null;
      }
    },
  };
}
