import assert from "node:assert/strict";
import test from "node:test";

import { problem } from "../../fakes/service.js";
import { fakeTabs } from "../../fakes/tabs.js";

/** A signed-in tab whose next answers from /api/things are refusals. @param {number} refusals @param {string} [code] */
async function refusing(refusals, code = "token_expired") {
  const tabs = fakeTabs();
  await tabs.signIn();
  let left = refusals;
  tabs.service.faults[0] = ({ path }) => (path === "/api/things" && left-- > 0 ? problem(401, code) : undefined);
  return { ...tabs, things: () => tabs.service.asked.filter(({ path }) => path === "/api/things") };
}

/** @type {[string, RequestInit | undefined, unknown][]} */
const BODIES = [
  ["no body", undefined, ""],
  ["text", { method: "POST", body: "text" }, "text"],
  ["a Blob", { method: "PUT", body: new Blob(["blob"]) }, "blob"],
  ["URLSearchParams", { method: "POST", body: new URLSearchParams({ a: "1" }) }, "a=1"],
];
for (const [title, init, expected] of BODIES) {
  test(`a refused token is renewed once and the request repeated: ${title}`, async () => {
    const { first, service, things } = await refusing(1);
    const answer = await first.fetch("/api/things", init);

    assert.equal(answer.status, 200);
    assert.deepEqual(things().map(({ body }) => body), [expected, expected]);
    assert.notEqual(things()[0]?.headers.get("Authorization"), things()[1]?.headers.get("Authorization"));
    assert.equal(service.refreshes(), 1);
  });
}

test("a request that is refused twice is not repeated again", async () => {
  const { first, things, service } = await refusing(9);
  assert.equal((await first.fetch(new Request("https://app.example/api/things"))).status, 401);

  assert.deepEqual([things().length, service.refreshes()], [2, 1]);
});

test("a stream is never sent twice", async () => {
  const { first, things } = await refusing(1);
  const body = new Blob(["stream"]).stream();
  const answer = await first.fetch("/api/things", /** @type {any} */ ({ method: "POST", body, duplex: "half" }));

  assert.deepEqual([answer.status, things().length], [401, 1]);
});

for (const [status, code] of /** @type {[number, string][]} */ ([[401, "mfa_code_invalid"], [403, "forbidden"], [403, "step_up_required"]])) {
  test(`${status} ${code} is about something else: no refresh, no second try`, async () => {
    const { first, service, signIn } = fakeTabs();
    await signIn();
    service.faults[0] = ({ path }) => (path === "/api/things" ? problem(status, code) : undefined);
    assert.equal((await first.fetch("/api/things")).status, status);

    assert.equal(service.refreshes(), 0);
  });
}

test("a request is never repeated as somebody else", async () => {
  const { first, service, signIn, world } = fakeTabs({ count: 2 });
  await signIn();
  let once = true;
  service.faults[0] = async ({ path }) => {
    if (path === "/api/things" && once) {
      once = false;
      await first.login({ email: "bob@inphora.example", password: "right" });
      await world.advance(0);
      return problem(401, "token_revoked");
    }
    return /** @type {any} */ (undefined);
  };
  assert.equal((await first.fetch("/api/things", { method: "POST", body: "ada's" })).status, 401);

  assert.equal(service.asked.filter(({ path }) => path === "/api/things").length, 1);
});

/** @type {[string, import("./types.js").AuthOptions, string, boolean][]} */
const ADDRESSES = [
  ["this origin", {}, "https://app.example/x", true],
  ["a relative address", {}, "x", true],
  ["a stranger", {}, "https://evil.example/x", false],
  ["a name that only begins alike", {}, "https://app.example.evil.example/x", false],
  ["another port", {}, "https://app.example:8443/x", false],
  ["an origin that was allowed", { origins: ["https://pay.example"] }, "https://pay.example/x", true],
  ["the service elsewhere", { baseUrl: "https://auth.example/" }, "https://auth.example/x", true],
  ["this origin, with the service elsewhere", { baseUrl: "https://auth.example" }, "https://app.example/x", false],
];
for (const [title, options, address, expected] of ADDRESSES) {
  test(`the token goes ${expected ? "" : "not "}to ${title}`, async () => {
    const { first, service, signIn } = fakeTabs({ options });
    await signIn();
    await first.fetch(address);

    assert.equal(service.asked.at(-1)?.headers.has("Authorization"), expected);
  });
}

test("a request with an Authorization of its own is left as it is", async () => {
  const { first, service, signIn } = fakeTabs();
  await signIn();
  await first.fetch("/x", { headers: { Authorization: "Basic abc" } });

  assert.equal(service.asked.at(-1)?.headers.get("Authorization"), "Basic abc");
});

test("with nobody signed in nothing is sent", async () => {
  const { first, service } = fakeTabs();
  await assert.rejects(first.fetch("/api/things"), { kind: "session_ended", code: "signed_out" });

  assert.equal(service.asked.length, 0);
});

test("a request that waits for a token is never sent as somebody else", async () => {
  const { clients, first, service, signIn, world } = fakeTabs({ count: 2 });
  await signIn();
  world.setClock(3_600_000);
  service.faults[0] = async ({ path }) => {
    if (path.endsWith("/refresh")) await clients[1]?.login({ email: "bob@inphora.example", password: "right" });
    return /** @type {any} */ (undefined);
  };
  await assert.rejects(first.fetch("/api/things", { method: "POST", body: "ada's" }), { kind: "session_ended", code: "signed_out" });

  assert.equal(service.asked.filter(({ path }) => path === "/api/things").length, 0);
  assert.equal(first.getState().user?.name, "bob");
});
