import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { askBackstage } from "./backstage.mjs";
import { PASSWORD } from "./browser.mjs";

/** Why a test is skipped that needs a service of its own. */
export const SKIP = process.env.OWN_SERVICE === "yes" ? false : "adds people, and stops the worker, of the service given";

/**
 * A person of one test alone, with the demo users' password.
 * @param {{ roles?: string[], totp_secret?: string }} [options] @returns {Promise<string>} the address
 */
export async function addPerson(options = {}) {
  const { email } = await askBackstage("/people", { method: "POST", body: JSON.stringify({ password: PASSWORD, ...options }) });
  return email;
}

/** Lets no worker do anything meanwhile. @template T @param {() => Promise<T>} body @returns {Promise<T>} */
export async function withoutWorker(body) {
  const pid = Number(await readFile(join(process.env.DATA_DIR ?? "", "worker.pid"), "utf8"));
  process.kill(pid, "SIGSTOP");
  try {
    return await body();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}
