/**
 * A network, between one node and Postgres or between clients and nodes: a TCP proxy that can be slow, torn, or dead
 * without a word.
 *
 * Bytes go on, after `delayMs`. After `hold` they wait, and go on after `heal`, as TCP sends again what was lost.
 * `cut` breaks every connection with a reset. `forget` drops what it knows of every connection, as a gateway does:
 * neither side ever hears of the other again, nor that it has gone; after `forgottenMs` the side towards the server is
 * closed, as its own keepalive would find out in the end.
 * `target` says where new connections go: another server, after a promotion; or whichever node lives.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

const FORGOTTEN_MS = 20_000;
const HOST = "127.0.0.1";
/** A side that sends faster than the other reads is not read from meanwhile. */
const WAITING_CHUNKS_MAX = 1_000;

/** The unix socket of a Postgres; or what says the port for each connection. */
export type Target = string | (() => number);

export class TcpProxy implements AsyncDisposable {
  delayMs = 0;
  target: Target;
  readonly port: number;
  readonly forgottenMs: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isHolding = false;

  private constructor(server: Server, target: Target, forgottenMs: number) {
    this.#server = server;
    this.target = target;
    this.forgottenMs = forgottenMs;
    this.port = (server.address() as { port: number }).port;
  }

  static async open(target: Target, { forgottenMs = FORGOTTEN_MS } = {}): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, HOST);
    await once(server, "listening");
    const proxy = new TcpProxy(server, target, forgottenMs);
    server.on("connection", (client) => proxy.#accept(client));
    return proxy;
  }

  /** The way to the database behind it. */
  get url(): string {
    return `postgres://postgres@${HOST}:${this.port}/lineshaft`;
  }

  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** Stops everything without a word. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Everything as it should be. */
  heal(): void {
    this.#isHolding = false;
    this.delayMs = 0;
    for (const pair of this.#pairs) pair.flush();
  }

  /** Breaks every connection with a reset. */
  cut(): void {
    for (const pair of this.#pairs) pair.reset();
  }

  forget(): void {
    for (const pair of this.#pairs) pair.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    const { target } = this;
    const server = typeof target === "string" ? connect(target) : connect(target(), HOST);
    const pair = new Pair(this, client, server);
    this.#pairs.add(pair);
    pair.onEnd = () => this.#pairs.delete(pair);
  }
}

interface Waiting {
  readonly to: Socket;
  /** `null`: the end. */
  readonly chunk: Buffer | null;
  readonly dueMs: number;
}

/** One connection: what a node sends and hears, and what Postgres does. */
class Pair {
  onEnd = () => {};
  readonly #proxy: TcpProxy;
  readonly #client: Socket;
  readonly #server: Socket;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isForgotten = false;

  constructor(proxy: TcpProxy, client: Socket, server: Socket) {
    this.#proxy = proxy;
    this.#client = client;
    this.#server = server;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay?.(true);
      from.on("error", () => {});
      from.on("data", (chunk: Buffer) => this.#take(from, { to, chunk, dueMs: performance.now() + proxy.delayMs }));
      from.on("close", () => {
        this.#take(from, { to, chunk: null, dueMs: performance.now() + proxy.delayMs });
        if (client.destroyed && server.destroyed) this.onEnd();
      });
    }
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  forget(): void {
    if (this.#isForgotten) return;
    this.#isForgotten = true;
    this.#waiting = [];
    setTimeout(() => this.#server.destroy(), this.#proxy.forgottenMs).unref();
  }

  /** Sends on what may go. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#proxy.isHolding) return;
    const nowMs = performance.now();
    while (this.#waiting.length > 0 && (this.#waiting[0]!.dueMs <= nowMs || this.#proxy.delayMs === 0)) {
      const { to, chunk } = this.#waiting.shift()!;
      if (chunk === null) to.end();
      else if (!to.destroyed) to.write(chunk);
    }
    this.#client.resume();
    this.#server.resume();
    const [next] = this.#waiting;
    if (next) this.#timer = setTimeout(() => this.flush(), Math.max(1, next.dueMs - nowMs));
  }

  #take(from: Socket, waiting: Waiting): void {
    if (this.#isForgotten) return;
    this.#waiting.push(waiting);
    if (this.#waiting.length > WAITING_CHUNKS_MAX) from.pause();
    if (this.#waiting.length === 1 || this.#proxy.delayMs === 0) this.flush();
  }
}
