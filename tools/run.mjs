/**
 * Run: the one way from an npm script to a program of this repository.
 *
 *     node tools/run.mjs <start|test|build|build:web|bench|chaos|reference|check|format> [arguments]
 *
 * Model. Any Node from 20 on may start this file. It installs the dependencies if they differ from the lock file
 * (`install.mjs`), finds the pinned runtime among them, and runs the script with it, as a child.
 * Why a child and not `process.execve`: execve would leave nobody between npm and the program who notices that npm was
 * killed, and it would be a second path that Node 20 cannot take. The wrapper costs one idle process.
 *
 * Promises.
 * - The exit code is the child's; 128 + n if a signal n ended it. The wrapper never ends before the child.
 * - SIGTERM and SIGHUP are passed on. So is SIGINT, unless there is a terminal: that has sent it to the child already.
 *   Repeats within `REPEAT_MS` are one request, since npm forwards what the terminal has also sent. When a whole
 *   process group is signalled the child can still see a signal twice at once: it should not take that for impatience.
 * - If npm dies without a word, even by `kill -9`, the child gets SIGTERM: the wrapper watches its parent. That is npm
 *   itself because `package.json` says `exec`: a shell in between would swallow a SIGINT and survive npm.
 * - If the wrapper itself dies by `kill -9`, the child can know: descriptor `LINESHAFT_PARENT_FD` (3) is a pipe that
 *   nobody writes to and that closes with the wrapper. A long-lived child watches it for end-of-file and stops as on
 *   SIGTERM. It removes the variable, since programs that it starts inherit that but not the descriptor:
 *
 *     const fd = Number(process.env.LINESHAFT_PARENT_FD);
 *     delete process.env.LINESHAFT_PARENT_FD;
 *     if (fd > 0) new net.Socket({ fd, readable: true, writable: false }).on("close", stop).resume().unref();
 *
 * To add a script: `SCRIPTS` below, and a line in `package.json`.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { InstallError, install } from "./install.mjs";

const ROOT = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "..");
const RUNTIME_MAJOR_MIN = 24;
const REPEAT_MS = 500;
const PARENT_WATCH_MS = 500;

/** What each script runs, with the pinned runtime. `production` scripts run without the development packages. */
const SCRIPTS = {
  start: { args: ["apps/main.ts"], production: true },
  test: { args: ["tools/test.ts"] },
  build: { args: ["tools/build.ts"] },
  bench: { args: ["bench/main.ts"] },
  chaos: { args: ["chaos/main.ts"] },
  reference: { args: ["tools/reference.ts"] },
  "build:web": { args: ["tools/build-web.ts"] },
  check: { args: ["tools/test.ts", "--only", "types,lint,tidy"] },
  format: { args: ["node_modules/@biomejs/biome/bin/biome", "check", "--write"] },
};

function log(line) {
  process.stderr.write(`lineshaft: ${line}\n`);
}

function fail(message) {
  log(message);
  process.exit(1);
}

/** The package with the runtime for this platform. The publisher's name for macOS on Arm differs from the others. */
function runtimePackage() {
  const prefix = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  return `${prefix}-${process.platform}-${process.arch}`;
}

/** False on a Linux without glibc's loader (Alpine, NixOS): the binary is there but cannot start. */
function canLoadBinary() {
  if (process.platform !== "linux") return true;
  const loaders = { x64: "/lib64/ld-linux-x86-64.so.2", arm64: "/lib/ld-linux-aarch64.so.1" };
  return existsSync(loaders[process.arch] ?? "");
}

function findRuntime() {
  const name = runtimePackage();
  const binary = join(ROOT, "node_modules", name, "bin", "node");
  const pinned = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).optionalDependencies ?? {};
  if (existsSync(binary) && canLoadBinary()) return binary;
  const reason =
    name in pinned && canLoadBinary()
      ? `npm did not install ${name}@${pinned[name]}`
      : `there is no packaged runtime for ${process.platform}-${process.arch} with this C library`;
  if (Number.parseInt(process.versions.node, 10) >= RUNTIME_MAJOR_MIN) {
    log(`${reason}; using Node ${process.versions.node}`);
    return process.execPath;
  }
  return fail(`${reason}, and Node ${process.versions.node} is too old: install Node ${RUNTIME_MAJOR_MIN} or newer.`);
}

/** The process that gets our signals; npm while it installs, then the program. */
let child = null;
let stoppedBy = null;

function forwardSignals() {
  const lastAtMs = {};
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      stoppedBy ??= signal;
      const now = Date.now();
      const isRepeat = now - (lastAtMs[signal] ?? 0) < REPEAT_MS;
      lastAtMs[signal] = now;
      const isSentByTerminal = signal === "SIGINT" && process.stdin.isTTY;
      if (!isRepeat && !isSentByTerminal) child?.kill(signal);
    });
  }
}

/** Only under npm: a wrapper that a shell has started in the background may outlive the shell. */
function watchParent() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === "win32") return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stoppedBy ??= "SIGTERM";
    child?.kill("SIGTERM");
  }, PARENT_WATCH_MS);
  timer.unref();
}

function exitCodeOf(code, signal) {
  return signal === null ? code : 128 + (constants.signals[signal] ?? 0);
}

function runScript(runtime, args) {
  const env = { ...process.env, LINESHAFT_PARENT_FD: "3" };
  env.PATH = [dirname(runtime), env.PATH].join(delimiter);
  child = spawn(runtime, args, { cwd: ROOT, env, stdio: ["inherit", "inherit", "inherit", "pipe"] });
  child.once("error", (error) => fail(`cannot start ${runtime}: ${error.message}`));
  child.once("exit", (code, signal) => process.exit(exitCodeOf(code, signal)));
  // End-of-file in the other direction, when the child ends, is no news.
  child.stdio[3].on("error", () => {});
}

async function main([name, ...rest]) {
  const script = SCRIPTS[name];
  if (script === undefined)
    fail(`unknown script ${JSON.stringify(name)}; there are: ${Object.keys(SCRIPTS).join(", ")}`);
  forwardSignals();
  watchParent();
  try {
    await install(ROOT, { production: script.production, log, onChild: (npm) => (child = npm) });
  } catch (error) {
    if (stoppedBy !== null) process.exit(exitCodeOf(null, stoppedBy));
    if (error instanceof InstallError) fail(error.message);
    throw error;
  }
  if (stoppedBy !== null) process.exit(exitCodeOf(null, stoppedBy));
  runScript(findRuntime(), [...script.args, ...rest]);
}

await main(process.argv.slice(2));
