import assert from "node:assert/strict";
import test from "node:test";

import { personAddress, readPlace, readSearch, searchQuery, sessionAddress, writeSearch } from "./address.js";

/** @type {[string, ReturnType<typeof readPlace>][]} */
const PLACES = [
  ["/admin", { page: "people" }],
  ["/admin/", { page: "people" }],
  ["/admin/users/", { page: "people" }],
  ["/admin/users/7%2F8", { page: "person", id: "7/8" }],
  ["/admin/sessions/CaT-1/", { page: "session", id: "CaT-1" }],
  ["/admin/users/%E0%A4%A", { page: "person", id: "%E0%A4%A" }],
];
for (const [path, expected] of PLACES) {
  test(`${path} is the page of ${expected.page}`, () => {
    assert.deepEqual(readPlace(path), expected);
  });
}

test("an id comes back from its address", () => {
  assert.deepEqual([readPlace(personAddress("a b/ü")), readPlace(sessionAddress("x?y"))], [{ page: "person", id: "a b/ü" }, { page: "session", id: "x?y" }]);
});

/** @type {[string, import("./address.js").Search][]} */
const SEARCHES = [
  ["", { q: "", role: "", status: "" }],
  ["?q=ada%40x&role=admin&status=locked", { q: "ada@x", role: "admin", status: "locked" }],
  ["?role=emperor&status=<b>", { q: "", role: "", status: "" }],
];
for (const [search, expected] of SEARCHES) {
  test(`what is looked for is read from "${search}"`, () => {
    assert.deepEqual(readSearch(search), expected);
  });
}

test("the address says what is looked for, and no more; the question says it, too", () => {
  const search = { q: "ada ", role: "", status: "locked" };

  assert.deepEqual(readSearch(new URL(writeSearch(search), "https://x.example").search), search);
  assert.equal(writeSearch({ q: "", role: "", status: "" }), "/admin");
  assert.equal(searchQuery(search, "c1"), "/api/admin/users?q=ada&status=locked&limit=50&cursor=c1");
});
