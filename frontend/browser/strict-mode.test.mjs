import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { build } from "vite";

import { labTest } from "./support/lab.mjs";

/** A page in React's development build, where StrictMode mounts everything twice. */
const PAGE = `
  import { StrictMode, createElement as h } from "react";
  import { createRoot } from "react-dom/client";
  import { AuthProvider, useAuth } from "/src/contexts/AuthContext.jsx";
  import { createAuthClient } from "/src/services/authService.js";
  window.renders = [];
  const client = (window.auth = createAuthClient());
  function Who() {
    const { status, user, isAuthenticated, isLoading } = useAuth();
    window.renders.push([status, isAuthenticated, isLoading]);
    return h("p", { id: "who" }, user ? user.email : status);
  }
  createRoot(document.body.appendChild(document.createElement("div"))).render(h(StrictMode, null, h(AuthProvider, { client }, h(Who))));
`;

/** @type {Promise<string> | undefined} */
let built;
test("the page for StrictMode builds", async () => {
  built = bundle();
  assert.ok((await built).includes("react-dom-client.development.js"));
});

labTest("under StrictMode one client asks once, and React follows it", {}, async ({ context, login, proxy, open }) => {
  const code = await built;
  await context.route("**/strict.js", (route) => route.fulfill({ contentType: "text/javascript", body: code }));
  const page = await open();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.addScriptTag({ url: "/strict.js", type: "module" });
  await page.locator("#who").getByText("anonymous").waitFor();
  await login(page);
  await page.locator("#who").getByText("admin@inphora.example").waitFor();
  await page.evaluate(() => Promise.all([window.auth.refresh(), window.auth.refresh()]));

  assert.equal(proxy.refreshes().length, 1);
  assert.deepEqual(complaints, []);
});

/** @returns {Promise<string>} */
async function bundle() {
  const root = join(import.meta.dirname, "..");
  process.env.NODE_ENV = "development";
  const virtual = { name: "page", resolveId: (/** @type {string} */ id) => (id === "page" ? id : null), load: (/** @type {string} */ id) => (id === "page" ? PAGE : null) };
  const output = /** @type {any} */ (
    await build({ configFile: false, logLevel: "silent", root, mode: "development", plugins: [virtual], build: { write: false, minify: false, rolldownOptions: { input: "page" } } })
  );
  return output.output[0].code;
}
