import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";

import { makeDirectory, startLeashed } from "./leash.mjs";
import { until } from "./until.mjs";

const ROOT = resolve(import.meta.dirname, "../../..");
const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
const START_MS = 300_000;
const STOP_MS = 30_000;

/** @typedef {{ settings: Record<string, string>, stop: () => Promise<void> }} Service */

/**
 * Runs `python -m service dev` with its own data, until `stop` or the end of this process.
 * @param {Record<string, string>} [environment] settings of it
 * @returns {Promise<Service>} `settings` that tests may want: those given, and what any command needs to work on it
 * @throws {Error} with the end of its log when it does not become ready
 */
export async function startService(environment = {}) {
  const directory = await makeDirectory();
  const data = join(directory, "data");
  const where = ["--port", String(await freePort()), "--data-dir", data];
  // A machine short of CPU is no outage of Redis, which these tests are not about.
  const env = { REDIS_TIMEOUT_MS: "5000", ...environment };
  const service = await startPython(["-m", "service", "dev", "--no-demo-data", ...where], env, directory);
  const own = await service.unlessItEnds(ready(data));
  return { settings: { ...environment, ...own, DATA_DIR: data }, stop: service.stop };
}

/**
 * Another web process of a running service, with settings of its own.
 * @param {Record<string, string>} settings of that service @param {Record<string, string>} environment
 */
export async function startWeb(settings, environment) {
  const PORT = String(await freePort());
  const web = await startPython(["-m", "service", "serve", "--host", "127.0.0.1"], { REDIS_TIMEOUT_MS: "5000", ...settings, PORT, ...environment });
  const address = `http://127.0.0.1:${PORT}`;
  await web.unlessItEnds(until(() => isReady(address), Boolean, START_MS));
  return { address, stop: web.stop };
}

/** What tests ask behind the service's back. @param {Record<string, string>} settings */
export async function startBackstage(settings) {
  const backstage = await startPython([join(import.meta.dirname, "backstage.py")], settings);
  const address = await backstage.unlessItEnds(until(async () => /^http:\S+/m.exec(await backstage.log())?.[0] ?? "", Boolean, START_MS));
  return { address, stop: backstage.stop };
}

/** @param {string[]} args @param {Record<string, string>} env @param {string} [directory] */
async function startPython(args, env, directory) {
  directory ??= await makeDirectory();
  const file = join(directory, "out.log");
  const out = openSync(file, "w");
  const leashed = await startLeashed(PYTHON, args, { directory, out, stop_ms: STOP_MS, cwd: ROOT, env: { ...process.env, ...env } });
  closeSync(out);
  const log = () => readFile(file, "utf8");

  async function stop() {
    if (await leashed.stop()) throw new Error(`${args} did not stop within ${STOP_MS / 1000} s of SIGTERM`);
  }

  /** @template T @param {Promise<T>} work @returns {Promise<T>} @throws {Error} with the end of its log */
  async function unlessItEnds(work) {
    try {
      return await Promise.race([work, leashed.ended.then(() => Promise.reject(new Error("it ended")))]);
    } catch (cause) {
      const tail = (await log()).split("\n").slice(-40).join("\n");
      await leashed.stop();
      throw new Error(`${args} did not become ready:\n${tail}`, { cause });
    }
  }

  return { log, stop, unlessItEnds };
}

/** @param {string} data its data directory @returns {Promise<Record<string, string> & { BASE_URL: string }>} when it is ready */
async function ready(data) {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const { BASE_URL, ...others } = /** @type {Record<string, string>} */ (parseEnv(await readFile(join(data, "dev.env"), "utf8").catch(() => "")));
    if (BASE_URL && (await isReady(BASE_URL))) return { ...others, BASE_URL };
    await sleep(100);
  }
  throw new Error(`not ready within ${START_MS / 1000} s`);
}

/** @param {string} baseUrl */
export async function isReady(baseUrl) {
  return fetch(`${baseUrl}/api/health/ready`, { signal: AbortSignal.timeout(2000) }).then((answer) => answer.ok, () => false);
}

/** @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
