import { backoff_ms, pause_ms } from "./backoff.js";
import { EMPTY } from "./storage/memory.js";

/**
 * Who may refresh, by compare-and-set on the entry that all tabs share. This is what makes it correct; locks only make
 * it calm. A lease has an owner, a deadline and a fence: whoever comes back late finds that its fence has passed.
 *
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {import("./types.js").Storage} Storage
 * @typedef {"taken" | "busy" | "moved" | "failed"} Outcome `moved`: there is nothing left to do; `failed`: somebody
 *   tried since we looked, in vain, or the service said when to come back
 * @typedef {{ owner: string, now_ms: number, hold_ms: number, queued: boolean, seen: number, failures: number }} Claim
 *   `seen`: the version that is to be replaced; `failures` when the claimant began
 */

/** @param {Storage} storage @param {Claim} claim @returns {Promise<{ outcome: Outcome, entry: Entry }>} */
export async function takeLease(storage, { owner, queued, seen, failures, now_ms, hold_ms }) {
  /** @type {Outcome} */
  let outcome = "taken";

  /** @param {Entry} entry @returns {Outcome} */
  function outcomeOf({ session, version, lease, retry }) {
    if (!session || (version !== seen && !storage.cookie)) return "moved"; // with a cookie each tab needs a token of its own
    if (retry && (retry.failures > failures || (retry.hard && pause_ms(retry, now_ms) > 0))) return "failed";
    // A lease of a tab that lost the lock which we hold, or from a clock since set back, binds nobody.
    const left_ms = lease && lease.owner !== owner && !(queued && lease.queued) ? lease.until_ms - now_ms : 0;
    return left_ms > 0 && left_ms <= hold_ms ? "busy" : "taken";
  }

  const entry = await storage.update((now) => {
    outcome = outcomeOf(now);
    return outcome === "taken" ? { ...now, fence: now.fence + 1, lease: { owner, queued, until_ms: now_ms + hold_ms } } : undefined;
  });
  return { outcome, entry };
}

/**
 * Puts the outcome of a refresh in place, if nobody signed out, signed in or took over meanwhile.
 * @param {Storage} storage @param {Entry} held as the lease was taken @param {(entry: Entry) => Partial<Entry>} change
 * @returns {Promise<{ kept: boolean, entry: Entry }>}
 */
export async function settleLease(storage, held, change) {
  let kept = false;
  const entry = await storage.update((now) => {
    kept = now.fence === held.fence && now.version === held.version;
    return kept ? { ...now, lease: null, ...change(now) } : undefined;
  });
  return { kept, entry };
}

/**
 * The session was replaced, ended or left: whatever is under way for the former one counts no more.
 * @param {Entry} entry @param {number} now_ms keeps versions rising when the browser's data was cleared
 * @param {Partial<Entry>} change @returns {Entry}
 */
export function supersede({ version, fence }, now_ms, change) {
  return { ...EMPTY, version: Math.max(version + 1, now_ms), fence: fence + 1, ...change };
}

/** @param {Entry} entry @param {import("./errors.js").AuthError} error @param {number} now_ms @param {number} random @returns {Partial<Entry>} */
export function failed({ retry }, { kind, code, retryAfter }, now_ms, random) {
  const failures = (retry?.failures ?? 0) + 1;
  return { retry: { at_ms: now_ms + backoff_ms(failures, retryAfter, random), failures, hard: retryAfter !== null, kind, code } };
}
