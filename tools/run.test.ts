/** The wrapper in a workspace of its own: real processes, real signals, a made-up npm. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

const TOOLS = import.meta.dirname;
const DEADLINE_MS = 20_000;
const INTEGRITY = "sha512-made-up";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** Prints its pid and its parent descriptor, and ends with 7 on a signal or when the wrapper is gone. */
const SERVER = `
import { Socket } from "node:net";
const tick = setInterval(() => {}, 1000);
const stop = (why) => { console.log("stopped by " + why); process.exitCode = 7; clearInterval(tick); };
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
const fd = Number(process.env.LINESHAFT_PARENT_FD);
new Socket({ fd, readable: true, writable: false }).on("close", () => stop("pipe")).resume().unref();
console.log("pid " + process.pid);
`;

/** An npm that counts its runs and writes what the real one would: the hidden lock file, after a while. */
const NPM = `
const fs = require("node:fs");
if (process.env.NPM_FAILS) { console.error("registry unreachable"); process.exit(1); }
fs.appendFileSync("npm-runs", "x");
fs.rmSync("node_modules", { recursive: true, force: true });
setTimeout(() => {
  fs.mkdirSync("node_modules");
  fs.copyFileSync("package-lock.json", "node_modules/.package-lock.json");
}, 700);
`;

function openWorkspace({ installed }: { installed: boolean }): string {
  const root = mkdtempSync(join(tmpdir(), "lineshaft-run-"));
  cleanups.push(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "apps"));
  for (const file of ["run.mjs", "install.mjs"]) cpSync(join(TOOLS, file), join(root, "tools", file));
  const lock = JSON.stringify({
    packages: {
      "": {},
      "node_modules/one": { version: "1.0.0", integrity: INTEGRITY },
      "node_modules/elsewhere": { version: "1.0.0", integrity: INTEGRITY, os: "plan9", optional: true },
    },
  });
  writeFileSync(
    join(root, "package.json"),
    JSON.stringify({ type: "module", scripts: { start: "node tools/run.mjs start" } }),
  );
  writeFileSync(join(root, "package-lock.json"), lock);
  writeFileSync(join(root, "apps/main.ts"), SERVER);
  mkdirSync(join(root, "fake/bin"), { recursive: true });
  writeFileSync(join(root, "fake/npm-cli.js"), NPM);
  writeFileSync(join(root, "fake/package.json"), "{}");
  if (installed) {
    mkdirSync(join(root, "node_modules"));
    writeFileSync(join(root, "node_modules/.package-lock.json"), lock);
  }
  return root;
}

type Running = { readonly process: ChildProcess; readonly output: () => string };

function start(
  root: string,
  { viaNpm = false, env = {} }: { viaNpm?: boolean; env?: NodeJS.ProcessEnv } = {},
): Running {
  const wrapper = [process.execPath, join(root, "tools/run.mjs"), "start"] as const;
  const inherited = {
    ...process.env,
    npm_execpath: join(root, "fake/npm-cli.js"),
    npm_node_execpath: process.execPath,
  };
  delete (inherited as NodeJS.ProcessEnv).npm_lifecycle_event;
  // What npm does: a process that starts the script through a shell, waits, and dies without a word when it is killed.
  const command = `exec "${wrapper.join('" "')}"`;
  const shell = JSON.stringify(["-c", command]);
  const npm = `require("node:child_process").spawn("sh", ${shell}, { stdio: "inherit" })`;
  const child = viaNpm
    ? spawn(wrapper[0], ["-e", npm], { cwd: root, env: { ...inherited, npm_lifecycle_event: "start", ...env } })
    : spawn(wrapper[0], wrapper.slice(1), { cwd: root, env: { ...inherited, ...env } });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  cleanups.push(() => child.kill("SIGKILL"));
  return { process: child, output: () => output };
}

async function pollUntil<TValue>(what: string, probe: () => TValue | null | undefined | false): Promise<TValue> {
  const deadlineMs = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = probe();
    if (value) return value;
    if (Date.now() > deadlineMs) assert.fail(`${what} did not happen within ${DEADLINE_MS} ms`);
    await delay(20);
  }
}

async function serverPid(running: Running): Promise<number> {
  const match = await pollUntil(`start of the server`, () => /pid (\d+)/.exec(running.output()));
  const pid = Number(match[1]);
  cleanups.push(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} reaches the program, and its exit code comes back`, async () => {
    const running = start(openWorkspace({ installed: true }));
    await serverPid(running);
    running.process.kill(signal);
    const [code] = await once(running.process, "close");
    assert.equal(code, 7);
    assert.match(running.output(), new RegExp(`stopped by ${signal}`));
  });
}

test("kill -9 of the wrapper stops the program through its pipe", async () => {
  const running = start(openWorkspace({ installed: true }));
  const pid = await serverPid(running);
  running.process.kill("SIGKILL");
  await pollUntil("end of the program", () => !isAlive(pid));
});

test("kill -9 of npm stops the program", async () => {
  const running = start(openWorkspace({ installed: true }), { viaNpm: true });
  const pid = await serverPid(running);
  running.process.kill("SIGKILL");
  await pollUntil("end of the program", () => !isAlive(pid));
  await pollUntil("the signal", () => running.output().includes("stopped by SIGTERM"));
});

test("two starts at once install once, and the second says that it waits", async () => {
  const root = openWorkspace({ installed: false });
  const both = [start(root), start(root)];
  for (const running of both) await serverPid(running);
  assert.equal(readFileSync(join(root, "npm-runs"), "utf8"), "x");
  assert.equal(both.filter((running) => running.output().includes("waiting for it")).length, 1);
  assert.equal(existsSync(join(root, ".lineshaft/install.lock")), false);
});

test("a lock whose owner is dead is taken over", async () => {
  const root = openWorkspace({ installed: false });
  const dead = spawn(process.execPath, ["-e", ""]);
  await once(dead, "close");
  mkdirSync(join(root, ".lineshaft"));
  const { hostname } = await import("node:os");
  const lock = { token: "old", host: hostname(), wrapper: dead.pid };
  writeFileSync(join(root, ".lineshaft/install.lock"), JSON.stringify(lock));
  await serverPid(start(root));
  assert.equal(readFileSync(join(root, "npm-runs"), "utf8"), "x");
});

test("a failing npm ends the start with its reason and frees the lock", async () => {
  const root = openWorkspace({ installed: false });
  const running = start(root, { env: { NPM_FAILS: "1" } });
  const [code] = await once(running.process, "close");
  assert.equal(code, 1);
  assert.match(running.output(), /registry unreachable/);
  assert.match(running.output(), /npm ci ended with code 1/);
  assert.equal(existsSync(join(root, ".lineshaft/install.lock")), false);
});

test("without npm around it, the wrapper finds npm in the PATH", async () => {
  const root = openWorkspace({ installed: false });
  const shim = join(root, "fake/bin/npm");
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "fake/npm-cli.js")}" "$@"\n`);
  chmodSync(shim, 0o755);
  const path = `${join(root, "fake/bin")}:${process.env.PATH}`;
  await serverPid(start(root, { env: { npm_execpath: "", PATH: path } }));
});

test("an unknown script names the known ones", async () => {
  const child = spawn(process.execPath, [join(TOOLS, "run.mjs"), "strat"], { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "close");
  assert.equal(code, 1);
  assert.match(output, /unknown script "strat"; there are: start, test/);
});
