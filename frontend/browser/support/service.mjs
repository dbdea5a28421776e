import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";

const ROOT = resolve(import.meta.dirname, "../../..");
const START_MS = 120_000;
const STOP_MS = 30_000;

/**
 * Runs `python -m service dev` with its own data, until `stop`.
 * @param {Record<string, string>} [environment] settings of it
 * @returns {Promise<{ baseUrl: string, settings: Record<string, string>, stop: () => Promise<void> }>} `settings` that
 *   tests may want: those given, and what any command needs to work on it
 * @throws {Error} with the end of its log when it does not become ready
 */
export async function startService(environment = {}) {
  const directory = await mkdtemp(join(tmpdir(), "inphora-"));
  const log = join(directory, "service.log");
  const data = join(directory, "data");
  const out = openSync(log, "w");
  const python = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
  const where = ["--port", String(await freePort()), "--data-dir", data];
  const service = spawn(python, ["-m", "service", "dev", "--no-demo-data", ...where], {
    cwd: ROOT,
    stdio: ["ignore", out, out],
    // A machine short of CPU is no outage of Redis, which these tests are not about.
    env: { ...process.env, REDIS_TIMEOUT_MS: "5000", ...environment },
  });
  closeSync(out);
  const ended = new Promise((resolve) => service.once("exit", resolve).once("error", resolve));

  async function stop() {
    const isRunning = () => service.pid !== undefined && service.exitCode === null && service.signalCode === null;
    if (isRunning()) {
      service.kill("SIGTERM");
      await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
    }
    const late = isRunning();
    if (late) service.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
    if (late) throw new Error(`the service did not stop within ${STOP_MS / 1000} s of SIGTERM`);
  }

  try {
    const own = await Promise.race([ready(data), ended.then(() => Promise.reject(new Error("it ended")))]);
    return { baseUrl: own.BASE_URL, settings: { ...environment, ...own, DATA_DIR: data }, stop };
  } catch (cause) {
    const tail = (await readFile(log, "utf8")).split("\n").slice(-40).join("\n");
    await stop().catch(() => {});
    throw new Error(`the service did not become ready:\n${tail}`, { cause });
  }
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
