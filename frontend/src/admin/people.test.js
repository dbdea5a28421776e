import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf, deedsFor } from "./people.js";

/** @type {import("./people.js").Person} */
const ADA = { id: "1", email: "ada@people.example", name: "Ada", roles: [], mfa_enabled: false, created_at: "", status: "active", locked_until: null, last_sign_in_at: null, sessions: 0, passkeys: 0 };

/** @type {[string, Partial<import("./people.js").Person>, string[]][]} */
const STATES = [
  ["somebody who never signed in", {}, ["lock", "disable", "roles"]],
  ["somebody who is signed in by two factors", { sessions: 2, mfa_enabled: true }, ["lock", "disable", "roles", "reset", "end"]],
  ["somebody locked", { status: "locked" }, ["unlock", "disable", "roles"]],
  ["somebody disabled", { status: "disabled" }, ["enable", "roles"]],
];
for (const [title, facts, expected] of STATES) {
  test(`what can be done with ${title}`, () => {
    assert.deepEqual(deedsFor({ ...ADA, ...facts }).map(({ key }) => key), expected);
  });
}

test("the service is told what was chosen, and why", () => {
  const deeds = Object.fromEntries([...deedsFor(ADA), ...deedsFor({ ...ADA, sessions: 1 })].map((deed) => [deed.key, deed]));
  const typed = { reason: " a ticket ", until: "2031-05-06T12:00", "role-auditor": "on", "role-emperor": "on" };

  assert.deepEqual(bodyOf(/** @type {any} */ (deeds.end), typed), { reason: "a ticket" });
  assert.deepEqual(bodyOf(/** @type {any} */ (deeds.roles), typed), { reason: "a ticket", roles: ["auditor"] });
  assert.deepEqual(bodyOf(/** @type {any} */ (deeds.lock), typed), { reason: "a ticket", until: new Date("2031-05-06T12:00").toISOString() });
  assert.deepEqual(bodyOf(/** @type {any} */ (deeds.lock), { reason: "a" }), { reason: "a" });
});
