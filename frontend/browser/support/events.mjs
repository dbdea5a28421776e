import { askBackstage } from "./backstage.mjs";

/** What the audit holds of a session, by type of event. @param {string} sessionId @returns {Promise<Record<string, number>>} */
export function eventsOf(sessionId) {
  return askBackstage(`/events/${sessionId}`);
}
