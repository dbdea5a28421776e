import assert from "node:assert/strict";
import test from "node:test";

import { json, problem } from "../../fakes/service.js";
import { AuthError } from "./errors.js";
import { createPasskeys } from "./passkeys.js";

const OPTIONS = {
  challenge: "AQID",
  user: { id: "_-8", name: "ada" },
  excludeCredentials: [{ id: "BAU", type: "public-key" }],
  allowCredentials: [{ id: "BgY", type: "public-key" }],
};
const bytes = (/** @type {number[]} */ ...values) => new Uint8Array(values).buffer;
const CREDENTIAL = {
  id: "_-8",
  rawId: bytes(255, 239),
  type: "public-key",
  response: { clientDataJSON: bytes(1), attestationObject: bytes(2), authenticatorData: bytes(3), signature: bytes(4), userHandle: null, getTransports: () => ["internal"] },
};

/**
 * A browser with an authenticator, and a client at a service.
 * @param {{ kind?: object, answer?: (deed: string, asked: any) => any, cookie?: boolean, reply?: () => Response }} [setting]
 */
function setUp({ kind = {}, answer = () => CREDENTIAL, cookie = false, reply = () => json({ options: OPTIONS, passkeys: [] }) } = {}) {
  /** @type {any[]} */
  const asked = [];
  /** @type {any[]} */
  const called = [];
  const credentials = Object.fromEntries(["create", "get"].map((deed) => [deed, async (/** @type {any} */ how) => (asked.push(how), answer(deed, how))]));
  const call = async (/** @type {string} */ path, /** @type {object} */ body, /** @type {any} */ options) => {
    called.push([path, body, options?.headers]);
    return { status: 200, body: { options: OPTIONS }, sent_ms: 0 };
  };
  const auth = {
    adopt: (/** @type {any} */ ask) => ask(call, "m1", cookie),
    fetch: async (/** @type {string} */ path, /** @type {any} */ init) => (called.push([path, init.method, init.body]), reply()),
    getAccessToken: async () => "at",
  };
  const host = { PublicKeyCredential: kind, navigator: { credentials }, Date };
  return { passkeys: createPasskeys(/** @type {any} */ (auth), /** @type {any} */ (host)), asked, called };
}

test("importing and making it touches no globals", () => {
  assert.equal(createPasskeys(/** @type {any} */ ({}), /** @type {any} */ ({})).isSupported, false);
});

test("a browser without the JSON methods gets bytes, and its answer is written as they would", async () => {
  const { passkeys, asked, called } = setUp();
  await passkeys.add("Mine");

  const [{ publicKey }] = asked;
  assert.deepEqual([...publicKey.challenge, ...publicKey.user.id, ...publicKey.excludeCredentials[0].id], [1, 2, 3, 255, 239, 4, 5]);
  const { name, credential } = JSON.parse(called[1][2]);
  assert.deepEqual([name, credential.rawId, credential.response], ["Mine", "_-8", { clientDataJSON: "AQ", attestationObject: "Ag", authenticatorData: "Aw", signature: "BA", transports: ["internal"] }]);
});

test("one that has them is left to them", async () => {
  const said = { id: "said" };
  const kind = { parseRequestOptionsFromJSON: (/** @type {any} */ options) => ({ parsed: options }) };
  const { passkeys, asked, called } = setUp({ kind, answer: () => ({ toJSON: () => said }) });
  await passkeys.signIn();

  assert.deepEqual(asked[0].publicKey, { parsed: OPTIONS });
  assert.deepEqual(called, [["login/passkey/options", {}, undefined], ["login/passkey", { credential: said }, undefined]]);
});

/** @type {[string, (passkeys: import("./passkeys.js").Passkeys) => Promise<unknown>, boolean, any[]][]} */
const WAYS = [
  ["signing in in cookie mode", (passkeys) => passkeys.signIn(), true, ["login/passkey", { cookie: true }, undefined]],
  ["the second factor", (passkeys) => passkeys.verify(), true, ["verify-2fa/passkey", { mfa_token: "m1" }, undefined]],
  ["the step-up", (passkeys) => passkeys.stepUp(), false, ["step-up/passkey", {}, { Authorization: "Bearer at" }]],
];
for (const [title, run, cookie, expected] of WAYS) {
  test(`what is sent for ${title}`, async () => {
    const { passkeys, called } = setUp({ cookie });
    await run(passkeys);

    const [path, { credential, ...body }, headers] = called[1];
    assert.ok(credential);
    assert.deepEqual([path, body, headers], expected);
  });
}

/** @type {[string, string, string][]} */
const REFUSALS = [
  ["NotAllowedError", "aborted", "passkey_cancelled"],
  ["AbortError", "aborted", "aborted"],
  ["InvalidStateError", "credentials", "passkey_exists"],
  ["SecurityError", "config", "passkey_unavailable"],
];
for (const [name, kind, code] of REFUSALS) {
  test(`a browser's ${name} is an error of kind ${kind}`, async () => {
    const { passkeys } = setUp({
      answer: () => {
        throw new DOMException("", name);
      },
    });
    const named = { name: "AuthError", kind, code };

    await assert.rejects(passkeys.signIn(), named);
    await assert.rejects(passkeys.add(), named);
  });
}

test("a refusal of the service is one of its own", async () => {
  const { passkeys } = setUp({ reply: () => problem(403, "step_up_required") });

  await assert.rejects(passkeys.remove("x"), (error) => error instanceof AuthError && error.code === "step_up_required");
});

test("an offer that nobody takes is made anew before its question is too old, until it is left", async (t) => {
  const ends = /** @type {AbortController[]} */ ([]);
  t.mock.method(AbortSignal, "timeout", () => (ends.push(new AbortController()), ends.at(-1)?.signal));
  const waits = (/** @type {string} */ _, /** @type {any} */ { signal, mediation }) =>
    new Promise((_resolve, reject) => {
      assert.equal(mediation, "conditional");
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const { passkeys, asked, called } = setUp({ answer: waits });
  const left = new AbortController();
  const offered = assert.rejects(passkeys.signIn({ conditional: true, signal: left.signal }), { kind: "aborted" });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  await settle();
  ends[0]?.abort(new DOMException("", "TimeoutError"));
  await settle();
  assert.equal(asked.length, 2);
  left.abort();
  await offered;

  assert.deepEqual(called.map(([path]) => path), ["login/passkey/options", "login/passkey/options"]);
});
