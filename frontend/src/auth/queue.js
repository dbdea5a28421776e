const PATIENCE_MS = 3000;

/**
 * Queues the refreshes of all tabs on a Web Lock, so that they need not poll for the lease. The lock is never needed:
 * where it is missing, hung, or held by a frozen tab, `run(false)` goes ahead, and from then on without it.
 * @param {import("./types.js").Host} host @param {string} name
 * @returns {<T>(run: (queued: boolean) => Promise<T>) => Promise<T>}
 */
export function createQueue(host, name) {
  let locks = host.navigator?.locks;

  return (run) => {
    if (!locks) return run(false);
    return new Promise((resolve, reject) => {
      let started = false;
      /** @param {boolean} queued */
      const go = (queued) => {
        if (started) return; // granted too late: let it go at once
        started = true;
        host.clearTimeout(timer);
        return run(queued).then(resolve, reject);
      };
      const alone = () => {
        if (!started) locks = /** @type {any} */ (undefined);
        go(false);
      };
      const timer = host.setTimeout(alone, PATIENCE_MS);
      locks.request(name, () => go(true)).catch(alone);
    });
  };
}
