import assert from "node:assert/strict";
import test from "node:test";

import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { createServer } from "vite";

test("the page renders on a server, as one that does not know yet who is there", async (t) => {
  const vite = await createServer({ root: new URL("..", import.meta.url).pathname, logLevel: "error", appType: "custom", server: { middlewareMode: true, ws: false, watch: null } });
  t.after(() => vite.close());
  const { App } = await vite.ssrLoadModule("/src/App.jsx");
  const { AuthProvider } = await vite.ssrLoadModule("/src/contexts/AuthContext.jsx");

  const html = renderToString(createElement(AuthProvider, null, createElement(App)));
  assert.match(html, /Loading…/);
  assert.doesNotMatch(html, /Password/);
});
