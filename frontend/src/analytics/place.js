/** Where the analytics are and who finds them: all that the product page knows of them before they are loaded. */

const ROLES = ["analyst", "admin"];

export const ANALYTICS = { href: "/analytics", title: "Analytics" };

/** @param {{ roles: string[] } | null} user */
export const hasAnalytics = (user) => !!user && user.roles.some((role) => ROLES.includes(role));

/** A page of its own, with an address that the service knows, and not one after a `#`. */
export const isAnalyticsPage = (/** @type {string} */ path) => /^\/analytics(\/|$)/.test(path);
