/**
 * Runs the tests of this folder in real browsers: against the service at BASE_URL, or else against one started here
 * with its own data. ENGINES=firefox,webkit runs only what is for every engine, in those. What is not installed is said
 * and skipped, but in CI (CI=true) it fails. All that is started here ends with this process, whatever ends that.
 */
import { readdirSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { missing, wantedEngines } from "./support/engines.mjs";
import { makeDirectory, startLeashed } from "./support/leash.mjs";
import { freePort, startBackstage, startService, startWeb } from "./support/service.mjs";

/** Seconds. Short, so that a minute shows what takes hours elsewhere: several ends of tokens. */
const SHORT_TTL = "10";
/** Those that mostly wait, for tokens to end, a network to come back or a worker to count: groups beside each other. */
const WAITING = [/^every-engine/, /^(client|cookie)\b/, /^analytics/, /^network/, /^tabs/];
/** Groups of those that click and look. */
const AT_A_PAGE = 2;

const given = process.env.BASE_URL;
const engines = wantedEngines();
process.exitCode = sayWhatRuns() ? await run() : 1;

/** @returns {boolean} whether tests may start */
function sayWhatRuns() {
  for (const engine of engines) {
    const reason = missing(engine);
    const what = engine.name === "chromium" ? "all browser tests" : "what is for every engine";
    console.log(reason ? `${reason}: its tests are skipped` : `${engine.name}: ${engine.version()}: ${what}`);
  }
  const mustFail = process.env.CI === "true" && engines.some(missing);
  if (mustFail) console.log("in CI they must run");
  return !mustFail;
}

/** @returns {Promise<number>} exit code */
async function run() {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopping.abort());
  const service = given ? null : await startOwn();
  try {
    const environment = service ? service.settings : { BASE_URL: String(given).replace(/\/$/, ""), OWN_SERVICE: "" };
    if (stopping.signal.aborted) return 1;
    return await test(environment, stopping.signal);
  } finally {
    await service?.stop();
  }
}

/** One service for all: with usual tokens, and beside it a web process whose tokens are short. */
async function startOwn() {
  const PRODUCT_PORT = String(await freePort());
  const CORS_ORIGINS = `http://127.0.0.1:${PRODUCT_PORT}`;
  const service = await startService({ CORS_ORIGINS, PRODUCT_PORT, REGISTRATION: "open", EMAIL_VERIFICATION: "required", TRUSTED_DEVICE_DAYS: "30" });
  const [short, backstage] = await Promise.all([startWeb(service.settings, { ACCESS_TOKEN_TTL: SHORT_TTL }), startBackstage(service.settings)]);
  const stop = () => Promise.all([short, backstage, service].map((each) => each.stop()));
  return { settings: { ...service.settings, OWN_SERVICE: "yes", SHORT_URL: short.address, SHORT_TTL, BACKSTAGE: backstage.address }, stop };
}

/** At a service given, tests at a page share its demo users, and so go one file at a time. @param {Record<string, string>} environment @param {AbortSignal} stopping @returns {Promise<number>} exit code */
async function test(environment, stopping) {
  const wanted = process.argv.slice(2);
  const all = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.mjs"));
  const files = (wanted.length > 0 ? wanted : all.map((name) => join(import.meta.dirname, name))).filter(canRun);
  const waiting = WAITING.map((pattern) => files.filter((file) => pattern.test(basename(file))));
  const others = files.filter((file) => !waiting.flat().includes(file));
  const groups = [...waiting, ...spread(others, given ? 1 : AT_A_PAGE)].filter(({ length }) => length > 0);
  return groups.length === 0 ? 0 : runTests(groups, environment, stopping);
}

/** Into so many groups of about the same size. @param {string[]} files @param {number} count @returns {string[][]} */
function spread(files, count) {
  const bySize = files.map((file) => ({ file, size: statSync(file).size })).sort((a, b) => b.size - a.size);
  return Array.from({ length: count }, (_, group) => bySize.filter((_, n) => n % count === group).map(({ file }) => file));
}

/** Chromium runs all tests, the others what is for every engine. @param {string} file */
function canRun(file) {
  return basename(file).startsWith("every-engine") || engines.some((engine) => engine.name === "chromium" && !missing(engine));
}

/** A group is one process, for each starts Node, its libraries and a browser. @param {string[][]} groups @param {Record<string, string>} environment @param {AbortSignal} stopping @returns {Promise<number>} exit code */
async function runTests(groups, environment, stopping) {
  const directory = await makeDirectory(); // it goes with the runner
  const lists = groups.map((files, n) => ({ list: join(directory, `${n}.test.mjs`), files }));
  for (const { list, files } of lists) await writeFile(list, files.map((file) => `import ${JSON.stringify(pathToFileURL(resolve(file)))};\n`).join(""));
  const options = ["--test", "--test-reporter=spec", `--test-concurrency=${groups.length}`, "--test-timeout=1800000"];
  const runner = await startLeashed(process.execPath, [...options, ...lists.map(({ list }) => list)], { out: "inherit", directory, env: { ...process.env, ...environment } });
  const aborted = new Promise((done) => stopping.addEventListener("abort", done));
  await Promise.race([runner.ended, aborted]);
  await runner.stop();
  return stopping.aborted ? 1 : (runner.child.exitCode ?? 1);
}
