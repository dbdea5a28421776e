import { ROLES } from "./address.js";

/** A box to tick for each role. @param {string[]} held @returns {import("../components/Form.jsx").FieldOptions[]} */
export const roleFields = (held) => ROLES.map((role) => ({ name: `role-${role}`, label: `Role ${role}`, input: { type: "checkbox", defaultChecked: held.includes(role) } }));

/** @param {Record<string, string>} typed @returns {string[]} */
export const rolesFrom = (typed) => ROLES.filter((role) => typed[`role-${role}`]);
