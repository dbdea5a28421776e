import assert from "node:assert/strict";
import test from "node:test";

import { AuthError } from "../auth/errors.js";
import { describe, describeMethods, describeReason } from "./messages.js";

/** @type {[string, AuthError | Error, RegExp][]} */
const ERRORS = [
  ["a wrong password names neither half", new AuthError("credentials", { code: "invalid_credentials", status: 401 }), /e-mail and password do not match/],
  ["a lock says how long", new AuthError("rate_limited", { code: "account_locked", status: 429, retryAfter: 60 }), /Try again in 60 seconds\.$/],
  ["a lock without a time", new AuthError("rate_limited", { code: "rate_limited", status: 429 }), /Try again later\.$/],
  ["an unknown code carries its reference", new AuthError("protocol", { code: "new_code", status: 418, requestId: "req-1" }), /Reference: req-1$/],
  ["an unknown code without a reference", new AuthError("protocol", { code: "new_code" }), /Please try again\.$/],
  ["field errors point at the fields", new AuthError("credentials", { code: "validation_failed", fields: [{ field: "email", message: "x" }] }), /marked below/],
  ["a mistake of this page", new TypeError("x is undefined"), /Something went wrong on this page/],
];
for (const [title, error, expected] of ERRORS) {
  test(`what a person is told: ${title}`, () => {
    assert.match(describe(error), expected);
  });
}

test("what the person broke off is no failure", () => {
  assert.equal(describe(new AuthError("aborted", { code: "step_up_required" })), "");
});

test("an unknown reason still asks to sign in, none says nothing", () => {
  const reasons = ["session_expired", "new_reason", null].map((code) => describeReason({ code, error: null }));

  assert.deepEqual(reasons, ["Your session has expired. Please sign in again.", "Please sign in again.", null]);
});

/** @type {[string[], string][]} */
const METHODS = [
  [["pwd"], "Password"],
  [["pwd", "otp", "mfa"], "Password and authenticator code"],
  [["pwd", "mfa"], "Password and recovery code"],
  [["swk", "user", "mfa"], "Passkey"],
  [["pwd", "hwk", "user", "mfa"], "Password and passkey"],
];
for (const [amr, expected] of METHODS) {
  test(`${amr.join(", ")} reads "${expected}"`, () => {
    assert.equal(describeMethods(amr), expected);
  });
}
