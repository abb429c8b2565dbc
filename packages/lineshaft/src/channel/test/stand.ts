/** What the tests of channels between nodes share: nodes on one database, in this process or one of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { TcpProxy } from "../../data/test/proxy.ts";
import { createLog } from "../../observe/log.ts";
import { createMetrics, type Metrics } from "../../observe/metrics.ts";
import { poll } from "../../testkit/index.ts";
import { sharedServer } from "../../testkit/shared-server.ts";
import { Channels } from "../channels.ts";
import type { Told } from "../told.ts";
import type { Ear, Member } from "../topic.ts";

/** Bound of what is waited for where there is none to test. */
export const WAIT_MS = 15_000;
const NODE = fileURLToPath(new URL("./node.ts", import.meta.url));
const NAME = "lineshaft_channels";

/** A member that keeps what it is told. */
export class Watcher implements Ear {
  readonly isReady = true;
  readonly messages: unknown[] = [];
  /** Everybody who was said to have left. */
  readonly left: string[] = [];
  readonly #names = new Map<string, string>();

  tell({ type, rest }: Told): void {
    const told = JSON.parse(`{${rest}}`);
    if (type === "message") return void this.messages.push(told.payload);
    if (type === "joined") this.#names.clear();
    for (const { key, member } of type === "joined" ? told.members : told.in) this.#names.set(key, member.name);
    for (const key of type === "joined" ? [] : told.out) {
      this.left.push(this.#names.get(key)!);
      this.#names.delete(key);
    }
  }

  get names(): string[] {
    return [...this.#names.values()].sort();
  }

  /** Waits until exactly these are there; `all` is a list of many. */
  async sees(names: readonly string[], timeoutMs = WAIT_MS): Promise<void> {
    const wanted = [...names].sort().join();
    const isSo = () => this.names.join() === wanted;
    await poll(isSo, { timeoutMs, what: wanted.slice(0, 200) }).catch((error: Error) => {
      throw new Error(`${error.message}; there were ${this.names.join().slice(0, 500)}`);
    });
  }
}

/** A node without an app around it. */
export class Node implements AsyncDisposable {
  readonly channels: Channels;
  readonly metrics: Metrics = createMetrics();

  /** @param onLine  Is told each line of the log. */
  constructor(connection: string, onLine: (line: string) => void = () => {}) {
    const log = createLog({ level: "info", readable: false, destination: { write: onLine } });
    this.channels = new Channels({ connection, metrics: this.metrics, log, random: Math.random });
  }

  /** Somebody joins, and is told what it is told. */
  join(name: string, topic = "room"): Watcher & { readonly self: Member } {
    const watcher = new Watcher();
    const self = this.channels.join(JSON.stringify(topic), true, watcher, {
      member: JSON.stringify({ name }),
      state: null,
    });
    return Object.assign(watcher, { self });
  }

  /** Somebody joins who does not listen. */
  deaf(name: string, topic: string): Member {
    const ear = { isReady: false, tell: () => {} };
    return this.channels.join(JSON.stringify(topic), true, ear, { member: JSON.stringify({ name }), state: null });
  }

  async value(name: "channelPeers" | "channelDropped"): Promise<number> {
    return (await this.metrics[name].get()).values[0]?.value ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.channels[Symbol.asyncDispose]();
  }
}

/** Says something, as `Spoken.message` writes it. */
export const said = (payload: unknown): string => `"name":"said","payload":${JSON.stringify(payload)}`;

/** A node in a process of its own: it has a member in the room from the beginning, and tells who that one sees. */
export class Child {
  readonly #process: ChildProcess;
  /** Each list of names that it saw; and `lost`, when it took a node for gone. */
  readonly seen: string[] = [];

  constructor(url: string, name: string) {
    this.#process = spawn(process.execPath, [NODE, url, name], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => void this.seen.push(line));
  }

  /** Has it do nothing for so long. */
  block(ms: number): void {
    this.#process.stdin!.write(String(ms));
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = this.#process.exitCode === null && this.#process.signalCode === null && once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}

/** A database of a test's own, and what listens and speaks there. */
export class Stand implements AsyncDisposable {
  readonly url: string;
  readonly client: pg.Client;
  /** Every text that any node has sent. */
  readonly texts: string[] = [];
  readonly #made = new AsyncDisposableStack();

  private constructor(url: string, client: pg.Client) {
    this.url = url;
    this.client = client;
    client.on("notification", ({ payload = "" }) => void this.texts.push(payload));
  }

  static async open(): Promise<Stand> {
    const server = await sharedServer(undefined);
    const database = await server.take("");
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(`listen ${NAME}`);
    const stand = new Stand(database.url, client);
    stand.#made.defer(() => server.drop(database));
    stand.#made.defer(() => client.end());
    return stand;
  }

  /** A node that hears the others. */
  async node(url = this.url): Promise<Node> {
    const node = this.#made.use(new Node(url));
    await node.channels.start();
    return node;
  }

  /** One that does not hear them yet. */
  newNode(): Node {
    return this.#made.use(new Node(this.url));
  }

  child(name: string): Child {
    return this.#made.use(new Child(this.url, name));
  }

  /** A network to the database that can fall silent, and the way through it. */
  async network(): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
    const { host, port, user, database } = new pg.Client(this.url);
    const proxy = this.#made.use(await TcpProxy.open(`${host}/.s.PGSQL.${port}`));
    return { proxy, url: `postgres://${user}@${new URL(proxy.url).host}/${database}` };
  }

  /** Says a text as a node would. */
  async says(...lines: readonly string[]): Promise<void> {
    await this.client.query("select pg_notify($1, $2)", [NAME, lines.join("\n")]);
  }

  /** Ends the connections on which nodes hear each other. */
  async cut(): Promise<void> {
    await this.client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'lineshaft channels' and datname = current_database()`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made.disposeAsync();
  }
}
