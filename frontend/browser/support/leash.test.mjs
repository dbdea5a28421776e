import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { startLeashed } from "./leash.mjs";
import { until } from "./until.mjs";

/** Prints its own process id, that of a child it leaves behind, and its directory; then waits. */
const PROGRAM = 'sleep 600 & echo "$$ $! $HOME"; wait';
const STARTER = `
  import { startLeashed } from ${JSON.stringify(join(import.meta.dirname, "leash.mjs"))};
  const { output } = await startLeashed("/bin/sh", ["-c", ${JSON.stringify(PROGRAM)}]);
  setInterval(() => output.text.includes("\\n") && console.log(output.text), 50);
`;

const isAlive = (/** @type {number} */ pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** @param {() => string} text */
async function whatRuns(text) {
  const [, first, child, directory] = await until(() => /^(\d+) (\d+) (\S+)/m.exec(text()) ?? [], ({ length }) => length > 0);
  return { pids: [Number(first), Number(child)], directory: String(directory) };
}

const skip = process.platform === "linux" ? false : "needs setsid";
for (const signal of /** @type {NodeJS.Signals[]} */ (["SIGINT", "SIGTERM", "SIGKILL"])) {
  test(`a leashed program, its child and its directory go with a starter that ends by ${signal}`, { skip }, async () => {
    const starter = spawn(process.execPath, ["--input-type=module", "-e", STARTER]);
    let text = "";
    starter.stdout.on("data", (part) => (text += part));
    const { pids, directory } = await whatRuns(() => text);
    assert.deepEqual([...pids.map(isAlive), existsSync(directory)], [true, true, true]);
    starter.kill(signal);

    await until(() => pids.some(isAlive) || existsSync(directory), (left) => !left);
  });
}

test("stopping a leashed program ends its child and removes its directory", async () => {
  const leashed = await startLeashed("/bin/sh", ["-c", PROGRAM]);
  const { pids, directory } = await whatRuns(() => leashed.output.text);
  await leashed.stop();

  await until(() => pids.some(isAlive) || existsSync(directory), (left) => !left);
});
