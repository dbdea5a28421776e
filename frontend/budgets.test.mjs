import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";

import { build } from "vite";

import { oneFile } from "./vite.lib.config.js";

/** What a page pays for, minified and gzipped; the last column is left out. @type {[string, string, number, (string | RegExp)[]][]} */
const BUDGETS = [
  ["the core, over a storage of one's own", "src/auth/client.js", 5000, []],
  ["with encrypted IndexedDB, and cookie mode", "src/services/authService.js", 6000, [/storage\/web\.js$/]],
  ["auth.min.js: localStorage and sessionStorage too", "src/services/authService.js", 6300, []],
  ["the React context", "src/contexts/AuthContext.jsx", 700, ["react", "react/jsx-runtime", /authService\.js$/]],
];
for (const [title, entry, budget, external] of BUDGETS) {
  test(`${title}: at most ${budget} bytes`, async (t) => {
    const { rolldownOptions, ...options } = oneFile(entry);
    const built = /** @type {any} */ (
      await build({ configFile: false, logLevel: "silent", root: import.meta.dirname, build: { ...options, write: false, rolldownOptions: { ...rolldownOptions, external } } })
    );
    const size = gzipSync(built.output[0].code, { level: 9 }).length;
    t.diagnostic(`${size} bytes`);

    assert.ok(size <= budget, `${size} bytes`);
  });
}
