/** Addresses of the administrators' pages: what is looked for stands in them, so that they can be kept and sent. */

export const ROLES = ["analyst", "auditor", "admin"];
export const STATUSES = ["active", "locked", "disabled"];
const HOME = "/admin";
const MOST = 254;
const PAGE = 50;

/** @typedef {{ q: string, role: string, status: string }} Search empty: any */
/** @typedef {{ page: "people" } | { page: "person" | "session", id: string }} Place */

/** @param {string} path @returns {Place} */
export function readPlace(path) {
  const [, kind, id] = /^\/admin\/(users|sessions)\/([^/]+)\/?$/.exec(path) ?? [];
  return id ? { page: kind === "users" ? "person" : "session", id: decoded(id) } : { page: "people" };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} id */
export const personAddress = (id) => `${HOME}/users/${encodeURIComponent(id)}`;

/** @param {string} id */
export const sessionAddress = (id) => `${HOME}/sessions/${encodeURIComponent(id)}`;

/** @param {string} search @returns {Search} what is unknown is any */
export function readSearch(search) {
  const given = new URLSearchParams(search);
  const one = (/** @type {string} */ name, /** @type {string[]} */ known) => known.find((each) => each === given.get(name)) ?? "";
  return { q: (given.get("q") ?? "").slice(0, MOST), role: one("role", ROLES), status: one("status", STATUSES) };
}

/** @param {Search} search */
const said = (search) => new URLSearchParams(Object.entries(search).filter(([, value]) => value));

/** @param {Search} search @returns {string} the page's address */
export function writeSearch(search) {
  const asked = said(search).toString();
  return asked ? `${HOME}?${asked}` : HOME;
}

/** @param {Search} search @param {string | null} cursor @returns {string} what the service is asked */
export function searchQuery(search, cursor) {
  const asked = said({ ...search, q: search.q.trim() });
  asked.set("limit", String(PAGE));
  if (cursor) asked.set("cursor", cursor);
  return `/api/admin/users?${asked}`;
}
