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

test("the analytics are a file of their own, which the product page never loads", async (t) => {
  const built = /** @type {any} */ (await build({ configFile: false, logLevel: "silent", root: import.meta.dirname, plugins: [react()], build: { write: false, modulePreload: { polyfill: false } } }));
  const scripts = /** @type {any[]} */ (built.output).filter(({ type }) => type === "chunk");
  const [page, analytics, ...others] = [...scripts].sort((a, b) => Number(b.isEntry) - Number(a.isEntry));
  const sizes = [page, analytics].map(({ code }) => gzipSync(code, { level: 9 }).length);
  t.diagnostic(`${sizes[0]} and ${sizes[1]} bytes`);

  assert.deepEqual([others, page.imports, page.dynamicImports], [[], [], [analytics.fileName]]);
  assert.deepEqual(page.moduleIds.filter((/** @type {string} */ id) => id.includes("/src/analytics/") && !id.endsWith("/place.js")), []);
  assert.ok(Number(sizes[0]) <= 86_500 && Number(sizes[1]) <= 20_000, `${sizes}`);
});
