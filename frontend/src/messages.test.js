import assert from "node:assert/strict";
import test from "node:test";

import { describe, describeMethods, describeReason } from "./messages.js";
import { ApiError } from "./problem.js";

/** @type {[string, ApiError | Error, RegExp][]} */
const ERRORS = [
  ["a wrong password names neither half", new ApiError("invalid_credentials", { status: 401 }), /e-mail and password do not match/],
  ["a lock says how long", new ApiError("account_locked", { status: 429, retryAfter: 60 }), /Try again in 60 seconds\.$/],
  ["a lock without a time", new ApiError("rate_limited", { status: 429 }), /Try again later\.$/],
  ["an unknown code carries its reference", new ApiError("new_code", { status: 418, requestId: "req-1" }), /Reference: req-1$/],
  ["an unknown code without a reference", new ApiError("new_code"), /Please try again\.$/],
  ["field errors point at the fields", new ApiError("validation_failed", { fields: [{ field: "email", message: "x" }] }), /marked below/],
  ["a mistake of this page", new TypeError("x is undefined"), /Something went wrong on this page/],
];
for (const [title, error, expected] of ERRORS) {
  test(`what a person is told: ${title}`, () => {
    assert.match(describe(error), expected);
  });
}

test("an unknown reason still asks to sign in, none says nothing", () => {
  assert.deepEqual([describeReason("new_reason"), describeReason(null)], ["Please sign in again.", null]);
});

/** @type {[string[], string][]} */
const METHODS = [
  [["pwd"], "Password"],
  [["pwd", "otp", "mfa"], "Password and authenticator code"],
  [["pwd", "mfa"], "Password and recovery code"],
];
for (const [amr, expected] of METHODS) {
  test(`${amr.join(", ")} reads "${expected}"`, () => {
    assert.equal(describeMethods(amr), expected);
  });
}
