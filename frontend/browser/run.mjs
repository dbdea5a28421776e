/**
 * Runs the tests of this folder in a real Chromium: against the service at BASE_URL, or else against one started
 * here with its own data. Without Chromium it says so and passes, but in CI (CI=true) it fails.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { CHROMIUM } from "./support/chromium.mjs";
import { freePort, startService } from "./support/service.mjs";

/** Seconds. Short, so that minutes show what takes hours elsewhere. */
const ACCESS_TOKEN_TTL = "20";

const mustRun = process.env.CI === "true";
if (existsSync(CHROMIUM)) process.exitCode = await run();
else {
  console.log(`browser tests ${mustRun ? "failed" : "skipped"}: no Chromium at ${CHROMIUM} (CHROMIUM names another)`);
  process.exitCode = Number(mustRun);
}

async function run() {
  const given = process.env.BASE_URL;
  const PRODUCT_PORT = String(await freePort());
  const CORS_ORIGINS = `http://127.0.0.1:${PRODUCT_PORT}`;
  const accounts = { REGISTRATION: "open", EMAIL_VERIFICATION: "required", TRUSTED_DEVICE_DAYS: "30" };
  const service = given ? { baseUrl: given, settings: {}, stop: async () => {} } : await startService({ ACCESS_TOKEN_TTL, CORS_ORIGINS, PRODUCT_PORT, ...accounts });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => service.stop().finally(() => process.exit(1)));
  try {
    return await test({ BASE_URL: service.baseUrl.replace(/\/$/, ""), OWN_SERVICE: given ? "" : "yes", ...service.settings });
  } finally {
    await service.stop();
  }
}

/**
 * Those that mostly wait, for tokens to end or a network to come back, and that of the analyst run beside those at a
 * page. The others go one file at a time: they sign in as the same demo users, and a TOTP step is good for one sign-in.
 * @param {Record<string, string>} environment @returns {Promise<number>} exit code
 */
async function test(environment) {
  const wanted = process.argv.slice(2);
  const all = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.mjs"));
  const files = wanted.length > 0 ? wanted : all.map((name) => join(import.meta.dirname, name));
  const waiting = files.filter((file) => /(analytics|cookie|network|tabs)\.test/.test(file));
  const codes = await Promise.all([runTests(waiting, 2, environment), runTests(files.filter((file) => !waiting.includes(file)), 1, environment)]);
  return Math.max(...codes);
}

/** @param {string[]} files @param {number} concurrency @param {Record<string, string>} environment @returns {Promise<number>} */
function runTests(files, concurrency, environment) {
  if (files.length === 0) return Promise.resolve(0);
  const options = ["--test", "--test-reporter=spec", `--test-concurrency=${concurrency}`, "--test-timeout=240000"];
  const child = spawn(process.execPath, [...options, ...files], { stdio: "inherit", env: { ...process.env, ...environment } });
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}
