/**
 * `npm create lineshaft`, as a user gets it: both packages built and packed, run in an empty folder with plain Node,
 * and the project that comes of it installed, tested, checked and started. Installing needs a registry or npm's cache.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "lineshaft/testkit";

const ROOT = join(import.meta.dirname, "../../..");
const START_MS_MAX = 90_000;
const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];

const folder = mkdtempSync(join(tmpdir(), "lineshaft-create-"));
const user = join(folder, "user");
const project = join(user, "My Shop");

interface Result {
  readonly code: number | null;
  readonly output: string;
}

const TELLING = /^(?:NODE_(?!EXTRA_CA_CERTS)|LINESHAFT_|npm_|CI$)/;

/** The environment of a user: this Node comes first, nothing tells of a test, and the network's certificates stay. */
function userEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !TELLING.test(name));
  const PATH = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
  return { ...Object.fromEntries(own), PATH, npm_config_cache: process.env["npm_config_cache"], ...extra };
}

function start(
  program: string,
  args: readonly string[],
  cwd: string,
  extra: Record<string, string> = {},
): ChildProcess {
  return spawn(program, args, { cwd, env: userEnvironment(extra), stdio: ["ignore", "pipe", "pipe"] });
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  extra: Record<string, string> = {},
): Promise<Result> {
  const child = start(program, args, cwd, extra);
  let output = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

async function must(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await run(program, args, cwd);
  assert.equal(code, 0, `${program} ${args.join(" ")}\n${output}`);
  return output;
}

async function pack(name: string): Promise<string> {
  const dist = join(folder, name);
  await must(process.execPath, [join(ROOT, "tools/build.ts"), "--package", name, "--out", dist], ROOT);
  const said = await must("npm", ["pack", dist, "--silent", "--pack-destination", folder], folder);
  return join(folder, said.trim().split("\n").at(-1)!);
}

async function pollFetch(server: ChildProcess, url: string, init: RequestInit): Promise<Response> {
  for (const deadlineMs = Date.now() + START_MS_MAX; ; ) {
    assert.equal(server.exitCode, null, "the server ended before it answered");
    try {
      return await fetch(url, init);
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await delay(100);
    }
  }
}

function late(timeoutMs: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`the server did not end within ${timeoutMs} ms`)), timeoutMs).unref();
  });
}

describe("npm create lineshaft", { timeout: 10 * 60_000 }, () => {
  let packed: { readonly create: string; readonly platform: string };
  const create = (args: readonly string[]) => {
    // A cache of its own: what npm keeps of a run by a path would stay for ever.
    const exec = ["exec", "--yes", ...QUIET, "--cache", join(folder, "cache"), `--package=${packed.create}`, "--"];
    return run("npm", [...exec, "create-lineshaft", ...args], user);
  };

  before(async () => {
    mkdirSync(user);
    packed = { create: await pack("create-lineshaft"), platform: await pack("lineshaft") };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("says how it is used, and what was asked for wrongly", async () => {
    const help = await create(["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.output, /Usage +npm create lineshaft <folder>/);
    for (const args of [[], ["one", "two"], ["--wrong"]]) {
      const { code, output } = await create(args);
      assert.equal(code, 2, output);
    }
    assert.deepEqual(readdirSync(user), []);
  });

  test("refuses a folder that holds something, and leaves it as it was", async () => {
    const full = join(user, "full");
    mkdirSync(full);
    writeFileSync(join(full, "diary.txt"), "mine");
    const { code, output } = await create(["full"]);
    assert.equal(code, 1);
    assert.match(output, /is not empty: it holds diary\.txt/);
    assert.deepEqual(readdirSync(full), ["diary.txt"]);
    rmSync(full, { recursive: true });
  });

  test("makes a project with its name, on this version of the platform", async () => {
    const { code, output } = await create(["My Shop", "--no-install"]);
    assert.equal(code, 0, output);
    assert.match(output, /Next:\s+cd "My Shop"\s+npm install\s+npm run dev/);
    const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    const { version } = JSON.parse(readFileSync(join(ROOT, "packages/lineshaft/package.json"), "utf8"));
    assert.equal(manifest.name, "my-shop");
    assert.equal(manifest.dependencies.lineshaft, `^${version}`);
    assert.deepEqual(readdirSync(project).sort(), [
      ".gitignore",
      "README.md",
      "app.ts",
      "notes",
      "package.json",
      "tsconfig.json",
    ]);
    assert.match(readFileSync(join(project, "README.md"), "utf8"), /^# my-shop\n/);
    const template = JSON.parse(readFileSync(join(import.meta.dirname, "../src/template/package.json"), "utf8"));
    assert.deepEqual({ ...manifest, name: template.name }, template, "only the name differs");
  });

  test("the project installs, passes its test and its check", async () => {
    const path = join(project, "package.json");
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    manifest.dependencies.lineshaft = `file:${packed.platform}`;
    writeFileSync(path, JSON.stringify(manifest));
    await must("npm", ["install", "--prefer-offline", ...QUIET], project);
    assert.match(await must("npm", ["test"], project), /pass 2/);
    await must("npm", ["run", "check"], project);
    assert.equal(existsSync(join(project, "migrations")), false, "a test writes nothing into the project");
  });

  test("the project starts, answers, and ends on SIGTERM; its commands work", async () => {
    const port = String(await freePort());
    const server = start("npm", ["start"], project, { PORT: port, METRICS_PORT: "0" });
    const closed = once(server, "close");
    server.stdout!.resume();
    server.stderr!.resume();
    const url = `http://127.0.0.1:${port}/notes`;
    try {
      const headers = { "content-type": "application/json" };
      const added = await pollFetch(server, url, { method: "POST", headers, body: '{"text":"Oil the shaft"}' });
      assert.equal(added.status, 201);
      assert.equal(((await (await fetch(url)).json()) as unknown[]).length, 1);
      assert.match(await must("npx", ["lineshaft", "migrate", "status"], project), /0001_initial +applied/);
      assert.match(await must("npx", ["lineshaft", "routes"], project), /GET +\/notes +notes\.all/);
      server.kill("SIGTERM");
      await Promise.race([closed, late(30_000)]);
      await assert.rejects(fetch(url), "the app ended with npm");
    } finally {
      server.kill("SIGKILL");
    }
    assert.deepEqual(readdirSync(join(project, "migrations")), ["0001_initial.sql", "schema.sql"]);
  });
});
