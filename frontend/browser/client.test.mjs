import assert from "node:assert/strict";
import { describe } from "node:test";

import { keptIn, labTest, statuses } from "./support/lab.mjs";
import { settles } from "./support/until.mjs";

const REFUSED = { status: 401, headers: { "Content-Type": "application/problem+json" }, body: '{"code":"token_expired"}' };

/** Each made in the page: what cannot cross over from here. @type {[string, string, string][]} */
const BODIES = [
  ["a string", '["/echo", { method: "POST", body: "plain" }]', "plain"],
  ["FormData with a file", '["/echo", { method: "POST", body: (() => { const form = new FormData(); form.set("note", "from a form"); form.set("file", new File(["in a file"], "a.txt")); return form; })() }]', "in a file"],
  ["a Blob", '["/echo", { method: "PUT", body: new Blob(["of a blob"]) }]', "of a blob"],
  ["a Request", '[new Request("/echo", { method: "PATCH", body: "of a request" })]', "of a request"],
];

describe("the client in a browser", { concurrency: true }, () => {
  labTest("a refused token is renewed once and the request repeated, whatever its body", {}, async ({ open, login, proxy }) => {
    const page = await open();
    await login(page);
    for (const [title, args, expected] of BODIES) {
      let refused = 0;
      proxy.judge = ({ path }) => (path === "/echo" && refused++ === 0 ? REFUSED : undefined);
      const before = proxy.refreshes().length;
      const [status, text] = await page.evaluate(
        (code) => window.auth.fetch(.../** @type {[string, RequestInit]} */ (eval(code))).then(async (answer) => [answer.status, await answer.text()]),
        args,
      );

      assert.equal(status, 200, title);
      assert.match(String(text), new RegExp(expected), title);
      assert.deepEqual([refused, proxy.refreshes().length - before], [2, 1], title);
    }
  });

  labTest("twenty requests refused at once cost one refresh", {}, async ({ open, login, proxy }) => {
    const page = await open();
    await login(page);
    let refused = 0;
    proxy.judge = ({ path }) => (path === "/echo" && refused++ < 20 ? REFUSED : undefined);
    const answers = await page.evaluate(() =>
      Promise.all(Array.from({ length: 20 }, () => window.auth.fetch("/echo", { method: "POST", body: "x" }).then((answer) => answer.status))),
    );

    assert.deepEqual(new Set(answers), new Set([200]));
    assert.equal(proxy.refreshes().length, 1);
  });

  labTest("the token goes to no origin that was not named", {}, async ({ open, login, proxy }) => {
    const page = await open();
    await login(page);
    const stranger = `http://localhost:${proxy.port}/echo`;
    const seen = page.waitForRequest(stranger);
    await page.evaluate((url) => window.go(() => window.auth.fetch(url)), stranger);

    assert.equal((await seen).headers().authorization, undefined);
  });

  for (const storage of ["idb", "web", "session"]) {
    labTest(`${storage}: a reload keeps the session, sealed, and a sign-out leaves nothing`, {}, async ({ open, login }) => {
      const page = await open({ storage });
      const { sessionId } = await login(page);
      await page.reload();
      await page.waitForFunction(() => window.auth?.getState().status === "authenticated");
      assert.equal(await page.evaluate(() => window.auth.getState().sessionId), sessionId);
      assert.doesNotMatch(await keptIn(page), /rt_|eyJ/);

      await page.evaluate(() => window.auth.logout());
      await page.reload();
      await page.waitForFunction(() => window.auth?.getState().status === "anonymous");
    });
  }

  labTest("memory: a reload forgets, and nothing was kept", {}, async ({ open, login }) => {
    const page = await open({ storage: "memory" });
    await login(page);
    assert.equal(await keptIn(page), "");
    await page.reload();
    await page.waitForFunction(() => window.auth?.getState().status === "anonymous");
  });

  labTest("without IndexedDB it keeps the session in memory, and says so", { init: () => void Object.defineProperty(window, "indexedDB", { value: undefined }) }, async ({ open, login }) => {
    const page = await open();
    assert.equal(await page.evaluate(() => window.auth.getState().error?.code), "storage_unavailable");
    assert.equal((await login(page)).status, "authenticated");
  });

  labTest("where keys cannot be kept, as in Safari's Lockdown Mode, it keeps the session unsealed", { init: refuseKeys }, async ({ open, login }) => {
    const page = await open();
    await login(page);
    await page.reload();
    await page.waitForFunction(() => window.auth?.getState().status === "authenticated");

    const strict = await open({ namespace: "strict", encrypt: "required" });
    assert.equal(await strict.evaluate(() => window.auth.getState().error?.code), "encryption_unavailable");
  });

  labTest("signing in as somebody else in one tab shows in the others", {}, async ({ open, login }) => {
    const pages = [await open(), await open()];
    await login(/** @type {any} */ (pages[0]));
    await login(/** @type {any} */ (pages[1]), "auditor@inphora.example");
    const emails = () => Promise.all(pages.map((page) => page.evaluate(() => window.auth.getState().user?.email)));

    await settles(emails, ["auditor@inphora.example", "auditor@inphora.example"]);
    await settles(() => statuses(pages), ["authenticated", "authenticated"]);
  });
});

function refuseKeys() {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...args) {
    if (args[0] instanceof CryptoKey) throw new DOMException("The object can not be cloned.", "DataCloneError");
    return put.apply(this, args);
  };
}
