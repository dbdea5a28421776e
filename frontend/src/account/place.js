/** Addresses of the screens around an account, which mails and links name: all that the page knows of them at first. */

const SCREENS = ["/register", "/verify", "/forgot", "/reset", "/verify-email"];

/** @param {string} path */
export const isAccountScreen = (path) => SCREENS.includes(path);
