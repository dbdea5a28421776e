import assert from "node:assert/strict";
import test from "node:test";

import { sayEnd, whyEnded } from "./ends.js";

/** @type {[string, { ended_at: string | null, end_reason: string | null } | null, RegExp][]} */
const SESSIONS = [
  ["one that is alive", { ended_at: null, end_reason: null }, /^This session is alive/],
  ["one that an administrator ended", { ended_at: "then", end_reason: "account_disabled" }, /^Signed out on \[then\], because an administrator locked or disabled the account$/],
  ["one that ended for a reason of tomorrow", { ended_at: "then", end_reason: "too_good_to_last" }, /because too good to last$/],
  ["one whose record is gone", null, /not kept any more/],
  ["one whose reason is not kept", { ended_at: "then", end_reason: null }, /do not name$/],
];
for (const [title, session, expected] of SESSIONS) {
  test(`why was I signed out? Of ${title}`, () => {
    assert.match(whyEnded(session, (at) => `[${at}]`), expected);
  });
}

test("a reason reads within a sentence", () => {
  assert.equal(sayEnd("idle_timeout"), "nobody used it for too long");
});
