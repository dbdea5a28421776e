import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { PASSWORD } from "./browser.mjs";

const ROOT = resolve(import.meta.dirname, "../../..");

/** Why a test is skipped that needs a service of its own. */
export const SKIP = process.env.OWN_SERVICE === "yes" ? false : "adds people, and stops the worker, of the service given";

/** Somebody of one test alone, with the demo users' password. @returns {Promise<string>} the address */
export async function addPerson() {
  const email = `ada.${crypto.randomUUID().slice(0, 8)}@people.example`;
  const python = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
  const options = { cwd: ROOT, env: { ...process.env, NEW_PASSWORD: PASSWORD } };
  await promisify(execFile)(python, ["-m", "service", "users", "create", email, "--name", "Ada"], options);
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
