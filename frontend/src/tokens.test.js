import assert from "node:assert/strict";
import test from "node:test";

import { tokens } from "../fakes/fetch.js";
import { readTokens } from "./tokens.js";

/** @type {[string, number, number][]} */
const LEEWAYS = [
  ["a day", 86_400, 300],
  ["fifteen minutes", 900, 180],
  ["five minutes", 300, 60],
  ["ten seconds", 10, 2],
];
for (const [title, expires_in, leeway] of LEEWAYS) {
  test(`a token that lives ${title} is renewed ${leeway} s before its end`, async () => {
    const read = readTokens(await tokens(1, { expires_in }).json(), 5000);

    assert.equal(read.tokens.expires_at_ms, 5000 + expires_in * 1000);
    assert.equal(read.tokens.expires_at_ms - read.tokens.renew_at_ms, leeway * 1000);
  });
}

/** @type {[string, object | null][]} */
const STRANGERS = [
  ["null", null],
  ["an empty object", {}],
  ["no refresh token", { refresh_token: undefined }],
  ["a lifetime of 0", { expires_in: 0 }],
  ["a lifetime in text", { expires_in: "900" }],
  ["no user", { user: undefined }],
];
for (const [title, change] of STRANGERS) {
  test(`${title} is no answer of ours`, async () => {
    const body = change && Object.keys(change).length > 0 ? await tokens(1, change).json() : change;

    assert.throws(() => readTokens(body, 0), { code: "protocol" });
  });
}
