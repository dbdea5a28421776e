import { spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Runs a command that ends with this process: give it as LEASHED in the environment. */
export const LEASH = join(import.meta.dirname, "leash.sh");

/** The same for a command that speaks over pipes. */
export const LEASH_PIPE = join(import.meta.dirname, "leash-pipe.sh");

/** @typedef {Awaited<ReturnType<typeof startLeashed>>} Leashed */

/**
 * A process with a group and a directory of its own, which is its HOME. Both end by `stop`, or with this process.
 * @param {string} command @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, directory?: string, stop_ms?: number, out?: number | "pipe" | "inherit", cwd?: string }} [options]
 *   `stop_ms`: from SIGTERM to SIGKILL; `out`: where it writes, else into `output`
 */
export async function startLeashed(command, args, { env = {}, directory, stop_ms = 5000, out = "pipe", cwd } = {}) {
  const own = directory ?? (await makeDirectory());
  const child = spawn(LEASH, args, {
    cwd,
    detached: true,
    stdio: ["pipe", out, out],
    env: { ...ownHome(own), ...env, LEASHED: command, LEASHED_DIR: own },
  });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => (output.text = (output.text + part).slice(-20_000)));
  const ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));

  /** Whether it had to be killed. */
  async function stop() {
    signalGroup(child.pid, "SIGTERM");
    const isLate = await Promise.race([ended, sleep(stop_ms, "late", { ref: false })]);
    signalGroup(child.pid, "SIGKILL");
    await ended;
    release(child);
    return isLate === "late";
  }

  return { child, ended, output, stop };
}

/** Ends the watcher of a process that has ended, which removes its directory. @param {import("node:child_process").ChildProcess} child */
export function release(child) {
  child.stdin?.on("error", () => {});
  child.stdin?.end("gone\n");
}

/** @returns {Promise<string>} */
export function makeDirectory() {
  return mkdtemp(join(tmpdir(), "inphora-browser-"));
}

/** The environment of a program that keeps everything in one directory. @param {string} directory @returns {NodeJS.ProcessEnv} */
export function ownHome(directory) {
  const { DISPLAY, DBUS_SESSION_BUS_ADDRESS, XAUTHORITY, WAYLAND_DISPLAY, ...env } = process.env;
  return { ...env, HOME: directory, TMPDIR: directory, XDG_RUNTIME_DIR: directory, XDG_CACHE_HOME: directory, XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory };
}

/** @param {number | undefined} pid @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
  try {
    if (pid) process.kill(-pid, signal);
  } catch {
    // ended
  }
}
