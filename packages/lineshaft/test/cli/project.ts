/** A project in a temporary folder, and the command line as real processes in it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { copyCluster } from "../../src/engines/postgres-embedded/test/made-cluster.ts";

const PACKAGE = join(import.meta.dirname, "../..");
const MAIN = join(PACKAGE, "src/cli/main.ts");
const POLL_MS_MAX = 60_000;

const APP = `import { app } from "lineshaft";
import * as links from "./links.ts";

await app({ title: "Links", version: "1.2.3", services: { links } }).run();
throw new Error("loading must not come here");
`;

/** A service with a field to add or leave out, and a word to answer. */
export function linksText({ word = "one", note = true } = {}): string {
  return `import { entity, field, service } from "lineshaft";

export class Link extends entity("link", {
  id: field.id(),
  code: field.text({ max: 32 }).unique(),
  ${note ? "note: field.text({ max: 20 }).optional()," : ""}
}) {}
export const links = service("links", { entities: { Link }, actor: "anyone" });
export const word = links.query("GET /word", {
  summary: "The word",
  output: { word: field.text() },
  run: async () => ({ word: "${word}" }),
});
export const readers = links.channel("/readers", { summary: "Who reads" });
export const add = links.command("POST /links", {
  input: Link.pick("code"),
  output: Link,
  run: async ({ input, db }) => db.insertInto("link").values(input).returningAll().executeTakeFirstOrThrow(),
});
`;
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Project implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "lineshaft-cli-"));
  readonly #children = new Set<ChildProcess>();

  constructor() {
    mkdirSync(this.path("node_modules"));
    symlinkSync(PACKAGE, this.path("node_modules/lineshaft"));
    this.write("package.json", '{ "type": "module", "private": true }');
    this.write("app.ts", APP.replace(/throw.*\n/, ""));
    this.write("links.ts", linksText());
  }

  /** With a database, as after a first start. */
  static async withCluster(): Promise<Project> {
    const project = new Project();
    await copyCluster(project.path(".lineshaft/postgres"));
    return project;
  }

  /** Makes the app one that would fail if what stands behind `run()` were reached. */
  guardEnd(): void {
    this.write("app.ts", APP);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** Starts a command; its output is gathered in what comes back. */
  spawn(args: readonly string[], env: Record<string, string> = {}): { child: ChildProcess; output: () => string } {
    const { NODE_TEST_CONTEXT: _, CI: __, ...rest } = process.env;
    const own = { PORT: "0", METRICS_PORT: "0", LOG_LEVEL: "silent", ...env };
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: this.folder, env: { ...rest, ...own } });
    this.#children.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    }
    return { child, output: () => output };
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
    const { child } = this.spawn(args, env);
    let [stdout, stderr] = ["", ""];
    child.stdout!.on("data", (chunk: string) => (stdout += chunk));
    child.stderr!.on("data", (chunk: string) => (stderr += chunk));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout, stderr };
  }

  /** Runs a command that must succeed, and gives back what it wrote. */
  async output(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const closed = once(child, "close");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await closed;
      clearTimeout(timer);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Asks until the answer is there. */
export async function poll<TAnswer>(
  what: string,
  ask: () => Promise<TAnswer | null> | TAnswer | null,
): Promise<TAnswer> {
  const deadlineMs = Date.now() + POLL_MS_MAX;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    assert.ok(Date.now() < deadlineMs, `not in time: ${what}`);
    await delay(5);
  }
}
