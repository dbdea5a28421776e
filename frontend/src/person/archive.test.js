import assert from "node:assert/strict";
import test from "node:test";

import { awaitArchive, pause } from "./archive.js";

const MADE = { format: "inphora-person-1", made_at: "2026-11-23T09:20:32Z", kept_until: "2026-11-24T09:20:32Z", account: { email: "ada@example.com" } };

/** @param {Record<string, string>} [headers] */
const pending = (headers = {}) => new Response('{"status":"pending"}', { status: 202, headers });

/** Answers in turn, and says which pauses were made between. @param {Response[]} answers */
async function asked(...answers) {
  /** @type {number[]} */
  const pauses = [];
  const archive = await awaitArchive(async () => /** @type {Response} */ (answers.shift()), async (seconds) => pauses.push(seconds));
  return { archive, pauses };
}

test("it asks until the archive is made, as late as the service says", async () => {
  const { archive, pauses } = await asked(pending({ "Retry-After": "7" }), pending({ "Retry-After": "3" }), Response.json(MADE));

  assert.deepEqual(pauses, [7, 3]);
  assert.deepEqual([archive.made_at, archive.kept_until], [MADE.made_at, MADE.kept_until]);
  assert.deepEqual(JSON.parse(await archive.file.text()), MADE);
});

for (const [title, headers] of /** @type {[string, Record<string, string>][]} */ ([["no Retry-After", {}], ["one of nought", { "Retry-After": "0" }], ["one that is garbled", { "Retry-After": "soon" }]])) {
  test(`${title} is no reason to ask without a pause`, async () => {
    assert.deepEqual((await asked(pending(headers), Response.json(MADE))).pauses, [2]);
  });
}

test("one that is there already is given at once", async () => {
  assert.deepEqual((await asked(Response.json(MADE))).pauses, []);
});

test("a refusal ends it", async () => {
  const refused = new Error("429");

  await assert.rejects(awaitArchive(() => Promise.reject(refused), async () => {}), refused);
});

test("a captive portal's page is not taken for the archive", async () => {
  await assert.rejects(asked(new Response("<h1>Welcome to the hotel</h1>")), SyntaxError);
});

test("whoever leaves the page is not waited for", async () => {
  const leaving = new AbortController();
  const waiting = pause(3600, leaving.signal);
  leaving.abort();

  await assert.rejects(waiting, { name: "AbortError" });
  await assert.rejects(pause(3600, leaving.signal), { name: "AbortError" });
  await pause(0, new AbortController().signal);
});
