import assert from "node:assert/strict";
import test from "node:test";

import { auth, AuthError, createAuthClient, getState } from "./authService.js";

test("outside of a browser it can be imported, asked and made, and knows nobody", async () => {
  assert.equal(getState().status, "initializing");
  const client = createAuthClient({ baseUrl: "https://auth.example" });
  await client.ready;

  assert.deepEqual([client.getState().status, client.getState().error], ["anonymous", null]);
  assert.equal(client.makeAuthenticatedRequest, client.fetch);
  assert.equal(auth.getState().status, "initializing");
});

for (const options of [{ storage: "disk" }, { encrypt: "yes" }, { timeout: 0 }, { timeout: Number.NaN }, { timeout: Infinity }, { leeway: Number.NaN }, { leeway: -1 }]) {
  test(`${JSON.stringify(options)} is refused when the client is made`, () => {
    assert.throws(() => createAuthClient(/** @type {any} */ (options)), (error) => error instanceof AuthError && error.kind === "config");
  });
}

test("encryption that is required and not to be had is said, and nobody can sign in", async () => {
  const client = createAuthClient({ encrypt: "required" });
  await client.ready;
  assert.equal(client.getState().error?.code, "encryption_unavailable");
  await assert.rejects(client.login({ email: "a@b.example", password: "x" }), { kind: "storage", code: "encryption_unavailable" });
});
