/**
 * The test server as a test process sees it: finds the host, or starts one, and asks it for databases.
 *
 * One server for all test processes of a machine that use the same package and the same Postgres programs, in a folder
 * of the system's temporary folder. The connection to the host never keeps a process alive.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type FromHost, type FromTest, onLines, type Welcome, writeLine } from "./wire.ts";

/** How long a host may take to come up: it creates a cluster. */
const HOST_MS_MAX = 120_000;
const RETRY_MS = 20;
/** A host that is not there after this is started again: the last one was about to end. */
const START_AGAIN_MS = 500;
const HASH_CHARS = 12;
const HOST_FILE = join(import.meta.dirname, `host${extname(import.meta.filename)}`);
/** Not for the host: how this process is run and watched is its own affair. */
const OWN_ENVIRONMENT = /^(?:NODE_|LINESHAFT_|npm_)/;

/** A database of the test server. */
export interface TestDatabase {
  readonly url: string;
  /** Migrations that the template was made with; `null` for an empty database. */
  readonly template: string | null;
  /** True when it is to be made the template: fill it, then call `settle`. */
  readonly isTemplate: boolean;
}

type Answer = Extract<FromHost, { readonly id: number }>;

const servers = new Map<string, Promise<SharedServer>>();

/** The server for these Postgres programs; the same one at every call, and in every process. */
export function sharedServer(binaries: string | undefined): Promise<SharedServer> {
  const key = binaries ?? "";
  const known = servers.get(key);
  if (known) return known;
  const opening = openServer(binaries, () => servers.delete(key));
  servers.set(key, opening);
  opening.catch(() => servers.delete(key));
  return opening;
}

export class SharedServer {
  /** A folder that vanishes with this process. */
  readonly folder: string;
  readonly #socket: Socket;
  readonly #welcome: Welcome;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #count = 0;

  constructor(socket: Socket, welcome: Welcome, onEnd: () => void) {
    this.#socket = socket;
    this.#welcome = welcome;
    this.folder = welcome.folder;
    socket.on("close", () => {
      onEnd();
      for (const { reject } of this.#waiting.values()) reject(new Error("The test server ended."));
    });
  }

  /** A copy of the template with this key; the empty database that is to become it; or, with "", an empty one. */
  async take(key: string): Promise<TestDatabase> {
    const id = ++this.#count;
    this.#socket.ref();
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ kind: "take", id, key });
    });
    if (answer.kind === "error") throw new Error(`The test server has no database to give: ${answer.message}`);
    const { host, port, user } = this.#welcome;
    const url = `postgres://${user}@${encodeURIComponent(host)}:${port}/${answer.database}`;
    return { url, template: answer.template, isTemplate: answer.kind === "build" };
  }

  /** Says what became of a template. */
  settle(key: string, isBuilt: boolean): void {
    this.#send({ kind: isBuilt ? "built" : "failed", key });
  }

  /** Gives a database back; it is dropped while the test goes on. */
  drop(database: TestDatabase): void {
    if (this.#socket.writable) this.#send({ kind: "drop", database: database.url.split("/").at(-1)! });
  }

  /** Takes what the host says. */
  receive(answer: FromHost): void {
    if (!("id" in answer)) return;
    this.#waiting.get(answer.id)?.resolve(answer);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#socket.unref();
  }

  #send(message: FromTest): void {
    writeLine(this.#socket, message);
  }
}

async function openServer(binaries: string | undefined, onEnd: () => void): Promise<SharedServer> {
  const folder = hostFolder(binaries);
  const deadlineMs = performance.now() + HOST_MS_MAX;
  let startedAtMs = Number.NEGATIVE_INFINITY;
  while (performance.now() < deadlineMs) {
    const socket = await connect(join(folder, "socket"));
    const server = socket && (await greet(socket, onEnd));
    if (server) return server;
    if (performance.now() - startedAtMs > START_AGAIN_MS) {
      startedAtMs = performance.now();
      startHost(makeFolder(folder), binaries);
    }
    await delay(RETRY_MS);
  }
  throw new Error(`No test server within ${HOST_MS_MAX} ms in ${folder}.`);
}

function hostFolder(binaries: string | undefined): string {
  const user = process.geteuid?.() ?? 0;
  const key = createHash("sha256")
    .update(`${import.meta.dirname}\n${binaries ?? ""}`)
    .digest("hex");
  return join(tmpdir(), `lineshaft-testkit-${user}-${key.slice(0, HASH_CHARS)}`);
}

/** A host that ends takes the folder along, so it is made before every start of one. */
function makeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(folder);
  if (process.geteuid === undefined || uid === process.geteuid()) return folder;
  throw new Error(`${folder} belongs to somebody else: remove it, or set TMPDIR to a folder of your own.`);
}

async function connect(path: string): Promise<Socket | null> {
  const socket = createConnection(path);
  socket.on("error", () => {});
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(socket));
    socket.once("close", () => resolve(null));
  });
}

/** Null when the host ended before it answered. */
async function greet(socket: Socket, onEnd: () => void): Promise<SharedServer | null> {
  let take = (_: FromHost): void => {};
  const first = new Promise<FromHost | null>((resolve) => {
    take = resolve;
    socket.once("close", () => resolve(null));
  });
  onLines(socket, (line) => take(JSON.parse(line) as FromHost));
  // Node's runner sets this in the processes of test files, whose parent it is.
  const runner = process.env["NODE_TEST_CONTEXT"] === undefined ? null : process.ppid;
  writeLine(socket, { kind: "hello", pid: process.pid, runner });
  const welcome = await first;
  if (welcome === null) return null;
  if (welcome.kind !== "welcome") {
    socket.destroy();
    throw new Error(`The test server did not start: ${"message" in welcome ? welcome.message : welcome.kind}`);
  }
  const server = new SharedServer(socket, welcome, onEnd);
  take = (message) => server.receive(message);
  socket.unref();
  return server;
}

/** Detached: a Ctrl-C that ends the tests must not end the one who clears up after them. */
function startHost(folder: string, binaries: string | undefined): void {
  const environment = Object.entries(process.env).filter(([name]) => !OWN_ENVIRONMENT.test(name));
  const args = [HOST_FILE, folder, ...(binaries === undefined ? [] : [binaries])];
  const env = Object.fromEntries(environment);
  spawn(process.execPath, args, { cwd: "/", detached: true, env, stdio: "ignore" })
    .on("error", () => {})
    .unref();
}
