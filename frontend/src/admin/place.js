/** Where administration is and who finds it: all that the product page knows of it before it is loaded. */

export const ADMIN = { href: "/admin", title: "People" };

/** @param {{ roles: string[] } | null} user */
export const hasAdmin = (user) => !!user && user.roles.includes("admin");

export const isAdminPage = (/** @type {string} */ path) => /^\/admin(\/|$)/.test(path);
