/** As the service counts: characters, however they were typed (NFKC). @param {string} password */
export const lengthOf = (password) => [...password.normalize("NFKC")].length;

/** @param {string} password @param {number} least @returns {string} what is said of one that is too short */
export function missingLength(password, least) {
  const more = least - lengthOf(password);
  return `This needs ${more} more character${more === 1 ? "" : "s"}.`;
}
