import { useEffect, useState } from "react";

import { get } from "./ask.js";

/**
 * @typedef {{ product: string, registration: "open" | "closed", email_verification: boolean, password_min_length: number,
 *   password_min_length_with_mfa: number, trusted_device_days: number, passkeys: boolean }} Settings
 */

/** @type {Promise<Settings> | undefined} */
let asked;

/** How accounts are made here; null until it is known. A page that cannot know it goes on without. @returns {Settings | null} */
export function useSettings() {
  const [settings, setSettings] = useState(/** @type {Settings | null} */ (null));
  useEffect(() => {
    asked ??= get("/api/auth/settings");
    asked.then(setSettings, () => (asked = undefined));
  }, []);
  return settings;
}
