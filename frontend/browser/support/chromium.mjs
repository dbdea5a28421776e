/** Where Debian puts it; `CHROMIUM` names another one. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
