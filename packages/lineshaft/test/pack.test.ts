/**
 * The package as a user gets it: built, packed, installed into an empty folder from the tarball, run with plain Node.
 * Nothing of this repository is on the way but the compiler that checks the user's types. Installing needs a registry
 * or npm's cache.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../src/testkit/index.ts";

const ROOT = join(import.meta.dirname, "../../..");
const INSTALL_TIMEOUT_MS = 5 * 60_000;
/** The first start initialises a database. */
const START_TIMEOUT_MS = 90_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

const APP = `
import { app, entity, field, service } from "lineshaft";

class Todo extends entity("todo", { id: field.id(), title: field.text({ max: 200 }) }) {}
const todos = service("todos", { entities: { Todo }, actor: "anyone" });
const add = todos.command("POST /todos", {
  input: { title: Todo.fields.title },
  output: Todo,
  run: async ({ input, db }) => db.insertInto("todo").values(input).returningAll().executeTakeFirstOrThrow(),
});
await app({ services: { todos: { add } } }).run();
`;

const TYPED = `
import { entity, field, service } from "lineshaft";

export class Todo extends entity("todo", { id: field.id(), title: field.text({ max: 200 }) }) {}
export const todos = service("todos", { entities: { Todo }, actor: "anyone" });
export const rename = todos.command("POST /todos/:id", {
  input: { id: Todo.fields.id, title: Todo.fields.title },
  output: Todo,
  async run({ input, db }) {
    const title: string = input.title;
    // @ts-expect-error: the input is typed, so a field that is not declared is an error
    void input.titel;
    return db.updateTable("todo").set({ title }).where("id", "=", input.id).returningAll().executeTakeFirstOrThrow();
  },
});
`;

const CONFIG = {
  compilerOptions: {
    target: "esnext",
    module: "nodenext",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules/@types")],
  },
  include: ["typed.ts"],
};

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "lineshaft-pack-"));
const user = join(folder, "user");

async function npm(args: readonly string[], cwd: string): Promise<string> {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const { stdout } = await run("npm", [...args, ...quiet], { cwd, timeout: INSTALL_TIMEOUT_MS });
  return stdout.trim();
}

/** Runs a script of the repository; its words become the error's when it fails. */
async function script(args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      if (output.length < OUTPUT_BYTES_MAX) output += chunk.toString();
    });
  }
  const [code] = await once(child, "close");
  return code === 0 ? output : Promise.reject(new Error(`${args.join(" ")} ended with ${code}:\n${output}`));
}

/** Asks until the server answers; fails when it ends, or after a deadline. */
async function pollFetch(server: ChildProcess, url: string, options: RequestInit): Promise<Response> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    assert.equal(server.exitCode, null, "the server ended before it answered");
    try {
      return await fetch(url, options);
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await delay(100);
    }
  }
}

describe("the packed package", { timeout: 10 * 60_000 }, () => {
  before(async () => {
    const dist = join(folder, "dist");
    await script([join(ROOT, "tools/build.ts"), "--out", dist], ROOT);
    const tarball = await npm(["pack", dist, "--silent", "--pack-destination", folder], folder);
    mkdirSync(user);
    writeFileSync(join(user, "package.json"), JSON.stringify({ private: true, type: "module" }));
    // Without install scripts: a user who forbids them gets a working package too.
    await npm(["install", "--prefer-offline", "--ignore-scripts", join(folder, tarball)], user);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test("holds emitted files, their sources, the assets and the licence, and no tests", () => {
    const installed = join(user, "node_modules/lineshaft");
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    assert.deepEqual(manifest.exports["."], { types: "./src/index.d.ts", default: "./src/index.js" });
    for (const path of [
      "src/index.js",
      "src/index.d.ts",
      "sources/src/index.ts",
      "assets/NOTICE.md",
      "LICENSE",
      "README.md",
    ]) {
      assert.ok(readFileSync(join(installed, path), "utf8").length > 0, path);
    }
    const map = JSON.parse(readFileSync(join(installed, "src/index.d.ts.map"), "utf8"));
    assert.deepEqual(map.sources, ["../sources/src/index.ts"]);
    assert.throws(() => readFileSync(join(installed, "src/index.ts")), { code: "ENOENT" });
  });

  test("its types serve a TypeScript project, and its declarations are sound", async () => {
    writeFileSync(join(user, "typed.ts"), TYPED);
    writeFileSync(join(user, "tsconfig.json"), JSON.stringify(CONFIG));
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    const output = await script([compiler, "-p", user, "--pretty", "false"], user).catch(String);
    // Declarations of other packages are not ours to judge.
    const ours = output.split("\n").filter((line) => /^(?:typed\.ts|node_modules\/lineshaft\/|error)/.test(line));
    assert.deepEqual(ours, []);
  });

  test("an app in plain JavaScript starts, answers, and ends with 0 on SIGTERM", async () => {
    writeFileSync(join(user, "app.js"), APP);
    const port = await freePort();
    const env = { ...process.env, PORT: String(port), LINESHAFT_DATA: join(folder, "data") };
    const server = spawn(process.execPath, ["app.js"], { cwd: user, env, stdio: ["ignore", "inherit", "inherit"] });
    const ended = once(server, "close");
    try {
      const response = await pollFetch(server, `http://127.0.0.1:${port}/todos`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ title: "Oil the shaft" }),
      });
      const body = (await response.json()) as { readonly title?: unknown };
      assert.ok(response.ok, JSON.stringify(body));
      assert.equal(body.title, "Oil the shaft");
      server.kill("SIGTERM");
      assert.deepEqual(await ended, [0, null]);
    } finally {
      server.kill("SIGKILL");
    }
  });
});
