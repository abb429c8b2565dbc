/**
 * Bus: carries texts from each node to all others, over the database that they share: NOTIFY and LISTEN.
 *
 * Why not the log: what is said on channels is forgotten at once, and the log is kept, archived and copied. NOTIFY has
 * commits wait for each other, but only those that notify; here that is one session of each node, which waits for no
 * disk (`synchronous_commit` off) and gathers what is said while its last statement is under way.
 *
 * States. `down ⇄ up`, `closed` at the end. Without an answer for `ANSWER_MS` the connection is given up. The next
 * attempt comes after a pause that doubles from `PAUSE_MS_MIN` to `PAUSE_MS_MAX`, spread at random.
 * Promises. While it is up: texts of one node come in their order, and each at most once. Texts that were sent around
 * the end of a connection may be lost, or come after newer ones of the next; `onUp` tells of each new one.
 */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type Connection, clientConfig } from "../data/connection.ts";
import type { Logger } from "../observe/log.ts";

/** Bytes of one text: NOTIFY takes less than 8,000. */
export const TEXT_BYTES_MAX = 7_900;
/** The name that all nodes listen to. */
const NAME = "lineshaft_channels";
const ANSWER_MS = 3_000;
const PAUSE_MS_MIN = 50;
const PAUSE_MS_MAX = 2_000;

const SEND = `select pg_notify('${NAME}', text) from unnest($1::text[]) text`;

export interface BusOptions {
  readonly connection: Connection;
  readonly log: Logger;
  readonly random: () => number;
  /** A text came, from whichever node: also from this one. */
  readonly onText: (text: string) => void;
  /** Others are heard again, from now on. */
  readonly onUp: () => void;
}

export class Bus implements AsyncDisposable {
  readonly #options: BusOptions;
  readonly #closing = new AbortController();
  #client: pg.Client | null = null;
  #running: Promise<void> | null = null;

  constructor(options: BusOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#client !== null;
  }

  /** Connects; resolves with the first connection, or the first failure of it. */
  async start(): Promise<void> {
    const first = Promise.withResolvers<void>();
    this.#running = this.#run(first.resolve);
    await first.promise;
  }

  /** Sends texts in their order. False when they may not have gone out: the connection is given up then. */
  async send(texts: readonly string[]): Promise<boolean> {
    const client = this.#client;
    if (client === null) return false;
    try {
      await client.query({ name: "ls_notify", text: SEND, values: [texts] });
      return true;
    } catch (error) {
      this.#giveUp(client, error);
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
    await this.#running;
  }

  async #run(onFirst: () => void): Promise<void> {
    const { log, random } = this.#options;
    const { signal } = this.#closing;
    for (let pauseMs = PAUSE_MS_MIN; !signal.aborted; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
      try {
        const { ended } = await this.#connect();
        pauseMs = PAUSE_MS_MIN;
        onFirst();
        const reason = await ended;
        if (!signal.aborted) log.warn({ reason }, "channels: other nodes are not heard");
      } catch (error) {
        log.debug({ err: error }, "channels: no connection to other nodes");
      }
      onFirst();
      await delay(pauseMs * (0.5 + random() / 2), undefined, { ref: false, signal }).catch(() => {});
    }
  }

  /** Gives the end of the connection that it made: why it ended. */
  async #connect(): Promise<{ readonly ended: Promise<string> }> {
    const client = new pg.Client({
      ...clientConfig(this.#options.connection, "lineshaft channels", "-c synchronous_commit=off"),
      query_timeout: ANSWER_MS,
    });
    const end = Promise.withResolvers<string>();
    client.on("error", (error) => this.#giveUp(client, error, end.resolve));
    client.on("end", () => this.#giveUp(client, new Error("the connection ended"), end.resolve));
    client.on("notification", ({ payload = "" }) => {
      if (this.#client === client) this.#options.onText(payload);
    });
    try {
      await client.connect();
      await client.query(`listen ${NAME}`);
      if (this.#closing.signal.aborted) throw new Error("closed");
    } catch (error) {
      abandon(client);
      throw error;
    }
    this.#client = client;
    this.#options.onUp();
    return { ended: end.promise };
  }

  #giveUp(client: pg.Client, error: unknown, onEnd?: (reason: string) => void): void {
    if (this.#client === client) this.#client = null;
    abandon(client);
    onEnd?.(error instanceof Error ? error.message : String(error));
  }
}

/** Ends a connection without waiting for a server that may not answer. */
function abandon(client: pg.Client): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}
