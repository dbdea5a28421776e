import { secondsFrom } from "../auth/errors.js";

/** Where the service says nothing. */
const PAUSE_SECONDS = 2;

/** @typedef {{ file: Blob, made_at: string, kept_until: string }} Archive `file`: JSON, as docs/privacy.md describes it */

/**
 * Asks until a worker has made it, no sooner again than the service says.
 * @param {() => Promise<Response>} ask resolves for 2xx only: 202 until it is made, then 200
 * @param {(seconds: number) => Promise<unknown>} pause rejects to give up
 * @returns {Promise<Archive>}
 * @throws {SyntaxError} when what came is not JSON, as a captive portal's page
 */
export async function awaitArchive(ask, pause) {
  for (;;) {
    const answer = await ask();
    if (answer.status === 200) return readArchive(await answer.blob());
    await pause(secondsFrom(answer.headers.get("Retry-After"), Date.now()) || PAUSE_SECONDS);
  }
}

/** @param {Blob} file @returns {Promise<Archive>} */
async function readArchive(file) {
  const { made_at, kept_until } = JSON.parse(await file.text());
  return { file, made_at, kept_until };
}

/** @param {number} seconds @param {AbortSignal} signal @returns {Promise<void>} rejects when it is aborted meanwhile */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
