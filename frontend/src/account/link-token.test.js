import assert from "node:assert/strict";
import test from "node:test";

import { dropLinkToken, linkToken, takeLinkToken } from "./link-token.js";

/** @param {string} address @returns {{ page: any, shown: () => string }} */
function opened(address) {
  const location = new URL(address);
  const history = { replaceState: (/** @type {null} */ _, /** @type {string} */ __, /** @type {string} */ to) => (location.href = new URL(to, location).href) };
  return { page: { location, history }, shown: () => location.href };
}

test("a link's token is taken, and leaves the address at once", () => {
  const { page, shown } = opened("https://app.example/reset?lang=en#token=a-b_c");
  takeLinkToken(page);

  assert.deepEqual([linkToken(), shown()], ["a-b_c", "https://app.example/reset?lang=en"]);
});

test("what is no token stays where it is, and keeps the one taken", () => {
  const { page, shown } = opened("https://app.example/#/security");
  takeLinkToken(page);
  assert.deepEqual([linkToken(), shown()], ["a-b_c", "https://app.example/#/security"]);

  dropLinkToken();
  assert.equal(linkToken(), "");
});
