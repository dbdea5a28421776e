/** The door to the engines itself, at pages that need no service: `node --test` is enough to run it. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before } from "node:test";

import { inEveryEngine } from "./support/engines.mjs";
import { until } from "./support/until.mjs";

const PAGE = `<!doctype html><html lang="en"><title>Page</title><h1>First</h1>
  <label>Colour <input value="red"></label><label for="b">Old</label><input id="b" hidden>
  <button hidden>Go</button><button>Go</button><p role="alert"></p><a href="/opened" target="_blank">New window</a>
  <script>
    document.querySelector("button:not([hidden])").onclick = (event) => (document.querySelector("p").textContent = document.querySelector("input").value + (event.isTrusted ? "" : ", by a script"));
    const kept = localStorage.getItem("kept");
    localStorage.setItem("kept", "yes");
    document.querySelector("h1").textContent = location.pathname + " " + kept;
  </script>`;

const server = createServer((_, answer) => void answer.setHeader("Content-Type", "text/html").end(PAGE));
let address = "";
before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const where = server.address();
  address = `http://127.0.0.1:${typeof where === "object" && where?.port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

inEveryEngine((test) => {
  test("fields and buttons are found as shown, and used as by a person; what goes wrong is a complaint", {}, async (profile) => {
    const tab = await profile.open();
    await tab.goto(`${address}/`);
    await tab.fill({ label: "Colour" }, "blue");
    await tab.click({ role: "button", name: "Go" });
    await tab.see({ role: "alert", name: "blue" });

    assert.deepEqual(await tab.complaints(), []);
    await tab.run(() => {
      console.error("said in the console");
      setTimeout(() => {
        throw new Error("thrown later");
      });
    });
    const complaints = await until(() => tab.complaints(), ({ length }) => length === 2);
    assert.match(complaints.join(), /said in the console.*uncaught: .*thrown later/);
    assert.equal(await tab.run(async (a, b) => (await Promise.resolve(a)) + b, 2, 3), 5);
    await assert.rejects(tab.run(() => Promise.reject(new Error("of the page"))), /of the page/);
  });

  test("tabs share what their profile has, and no other: windows that a page opens, too", {}, async (profile) => {
    const [first, second] = [await profile.open(), await profile.open()];
    await first.goto(`${address}/one`);
    await first.see({ role: "heading", name: "/one null" });
    await second.goto(`${address}/two`);
    await second.see({ role: "heading", name: "/two yes" });
    await first.reload();
    await first.see({ role: "heading", name: "/one yes" });

    await first.click({ role: "link", name: "New window" });
    const [, , opened] = await until(() => profile.tabs(), ({ length }) => length === 3);
    await opened?.see({ role: "heading", name: "/opened yes" });
    await opened?.close();
    await until(() => profile.tabs(), ({ length }) => length === 2);
    await second.see({ role: "heading", name: "/two yes" });
  });

  test("back and forward go through what was open", {}, async (profile) => {
    const tab = await profile.open();
    for (const page of ["one", "two"]) await tab.goto(`${address}/${page}`);
    await tab.back();
    assert.equal(await tab.waitFor(() => location.pathname), "/one");
    await tab.forward();
    assert.equal(await tab.waitFor(() => location.pathname), "/two");
  });
});
