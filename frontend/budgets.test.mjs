import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { build } from "vite";

import { oneFile } from "./vite.lib.config.js";

/** Leaves a module out. */
const WITHOUT_WEB = { name: "without", load: (/** @type {string} */ id) => (id.endsWith("/storage/web.js") ? "export const createTabStorage = 0, createWebStorage = 0;" : null) };

/** What a page pays for, minified and gzipped; the last column is somebody else's. @type {[string, string, number, (string | RegExp)[], any?][]} */
const BUDGETS = [
  ["the core, over a storage of one's own", "src/auth/client.js", 5000, []],
  ["with encrypted IndexedDB, and cookie mode", "src/services/authService.js", 6000, [], WITHOUT_WEB],
  ["auth.min.js: localStorage and sessionStorage too", "src/services/authService.js", 6300, []],
  ["passkeys, where they are used", "src/auth/passkeys.js", 1500, [/errors\.js$/]],
  ["the React context", "src/contexts/AuthContext.jsx", 700, ["react", "react/jsx-runtime", /authService\.js$/]],
];
for (const [title, entry, budget, external, plugin] of BUDGETS) {
  test(`${title}: at most ${budget} bytes`, async (t) => {
    const { rolldownOptions, ...options } = oneFile(entry);
    const built = /** @type {any} */ (
      await build({ configFile: false, logLevel: "silent", root: import.meta.dirname, plugins: [plugin], build: { ...options, write: false, rolldownOptions: { ...rolldownOptions, external } } })
    );
    const size = gzipSync(built.output[0].code, { level: 9 }).length;
    t.diagnostic(`${size} bytes`);

    assert.ok(size <= budget, `${size} bytes`);
  });
}

/** Files that the product page loads only where they are shown: the name of each, and what it may weigh. @type {[string, number][]} */
const LATER = [
  ["Account", 8_000],
  ["Admin", 8_000],
  ["Analytics", 20_000],
];

test("what few people see is in files of its own, which the product page does not load", async (t) => {
  const built = /** @type {any} */ (await build({ configFile: false, logLevel: "silent", root: import.meta.dirname, plugins: [react()], build: { write: false, modulePreload: { polyfill: false } } }));
  const scripts = /** @type {any[]} */ (built.output).filter(({ type }) => type === "chunk");
  const size = (/** @type {any} */ { code }) => gzipSync(code, { level: 9 }).length;
  const page = scripts.find(({ isEntry }) => isEntry);
  const later = LATER.map(([name]) => scripts.find((script) => script.name === name));
  t.diagnostic([page, ...later].map((script) => `${script.name} ${size(script)}`).join(", "));

  assert.deepEqual(page.imports, []);
  assert.deepEqual(page.dynamicImports.toSorted(), later.map(({ fileName }) => fileName).toSorted());
  const early = page.moduleIds.filter((/** @type {string} */ id) => /\/src\/(account|admin|analytics)\//.test(id) && !/\/(place|link-token)\.js$/.test(id));
  assert.deepEqual(early, []);
  assert.ok(size(page) <= 86_500, `the page: ${size(page)} bytes`);
  for (const [n, [name, budget]] of LATER.entries()) assert.ok(size(later[n]) <= budget, `${name}: ${size(later[n])} bytes`);
});
