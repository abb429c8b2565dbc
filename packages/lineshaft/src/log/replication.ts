/**
 * One replication connection: `pg` opens it (TLS, SCRAM), then it carries either SQL or one stream of the log.
 *
 * Model. After START_REPLICATION the server sends frames: `w`, a message of pgoutput, and `k`, a keepalive that says
 * how far the log has been sent. We answer with our position: at once when a keepalive asks for it, and every third of
 * `wal_sender_timeout`, at most `STATUS_MS_MAX`. Each of our answers asks for one in return, so that a server that is
 * gone without a word is noticed after `SILENT_STATUSES_MAX` of them.
 * Promises. Nothing is acknowledged but what `acknowledge` was called with. Frames are handled in order, within the
 * turn of the event loop that brings them. Values come under fixed settings, whatever the role or the URL sets. The
 * connection does not keep the process alive.
 */
import pg from "pg";
import { type Connection, clientConfig } from "../data/connection.ts";
import type { Commit } from "./changes.ts";
import { Decoder, ProtocolError, readTimeMs } from "./pgoutput.ts";
import { formatPosition, type Position, parsePosition } from "./position.ts";

/**
 * The longest time between two answers to the server. With `SILENT_STATUSES_MAX` it bounds for how long a node can take
 * a dead connection for a quiet database, and how long the server may chew on a large transaction that is not for us.
 */
export const STATUS_MS_MAX = 5_000;
const STATUS_MS_MIN = 100;
/** Answers in a row that the server may leave unanswered. */
export const SILENT_STATUSES_MAX = 2;
/** How long the server may take to let go of a connection that says good-bye. */
const END_MS = 2_000;

/** First and longest pause between two looks at whether what was running is over. */
const SETTLE_MS_MIN = 5;
const SETTLE_MS_MAX = 250;

/** Values are told in one form; and no limit of the role ends a stream. */
const SETTINGS = `set datestyle = 'ISO'; set intervalstyle = 'postgres'; set timezone = 'UTC';
set extra_float_digits = 1; set bytea_output = 'hex'; set client_encoding = 'UTF8';
set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0`;

/** Not on every system: has the server notice while it waits that we are gone. */
const CHECK_INTERVAL = "set client_connection_check_interval = '1s'";

/** Kinds of frames, and their parts: kind, two positions or times of 8 bytes, and the clock. */
const FRAME = { message: 0x77, keepalive: 0x6b, status: 0x72 } as const;
const MESSAGE_HEADER_BYTES = 25;
const KEEPALIVE_BYTES = 18;
const STATUS_BYTES = 34;

/** What a server says of itself. */
export interface ServerIdentity {
  /** `server_version_num`: 180004. */
  readonly version: number;
  readonly systemId: string;
  /** Goes up when a standby is promoted, or a backup restored to a point in time. */
  readonly timeline: number;
  readonly databaseOid: number;
  readonly walLevel: string;
}

/** What is streamed, and who hears of it. */
export interface StreamOptions {
  readonly slot: string;
  /** Where to begin; the slot's own position when that is further on. */
  readonly from: Position;
  readonly publications: readonly string[];
  /** Leaves out what was written under a replication origin. Postgres 16 and newer. */
  readonly skipOrigins: boolean;
  readonly onStart: () => void;
  /** @param lagMs  From the commit until the server sent it, by the server's clock. */
  readonly onCommit: (commit: Commit, lagMs: number) => void;
  /** All that was committed before `sent` has been given to `onCommit`. */
  readonly onProgress: (sent: Position) => void;
  readonly onIgnored?: (what: string) => void;
}

/** The parts of the driver's client that its types do not name. */
interface Internals {
  readonly connection: {
    readonly stream: { destroy(error?: Error): void; pause(): void; resume(): void; readonly writable: boolean };
    on(event: "copyData", listener: (message: { readonly chunk: Buffer }) => void): void;
    once(event: "replicationStart", listener: () => void): void;
    removeAllListeners(event: "copyData"): void;
    sendCopyFromChunk(bytes: Buffer): void;
    end(): void;
  };
  unref(): void;
}

export class ReplicationSession implements AsyncDisposable {
  readonly #client: pg.Client;
  readonly #ended: Promise<void>;
  #statusMs = STATUS_MS_MAX;
  #acknowledged: Position = 0n;
  #unanswered = 0;
  #paused = false;
  #failure: Error | null = null;

  private constructor(client: pg.Client) {
    this.#client = client;
    client.on("error", () => {});
    this.#ended = new Promise((resolve) => client.once("end", () => resolve()));
  }

  /**
   * @param signal  Breaks off the opening, which rejects at once; a session that is open is ended by its owner.
   * @throws what the driver throws; `connectObstacle` tells a refusal from an outage.
   */
  static async open(
    connection: Connection,
    applicationName: string,
    signal?: AbortSignal,
  ): Promise<ReplicationSession> {
    signal?.throwIfAborted();
    const config = { ...clientConfig(connection, applicationName), replication: "database" };
    const session = new ReplicationSession(new pg.Client(config));
    const breakOff = () => session.destroy(new Error("It was broken off."));
    signal?.addEventListener("abort", breakOff);
    try {
      await session.#client.connect();
      session.#internals.unref();
      await session.query(SETTINGS);
      await session.query(CHECK_INTERVAL).catch(() => {});
    } catch (error) {
      session.destroy();
      throw error;
    } finally {
      signal?.removeEventListener("abort", breakOff);
    }
    return session;
  }

  /** Runs SQL or a replication command, without parameters. Not while it streams. */
  async query<TRow extends pg.QueryResultRow>(text: string): Promise<TRow[]> {
    return (await this.#client.query<TRow>(text)).rows;
  }

  async identify(): Promise<ServerIdentity> {
    const [system] = await this.query<{ systemid: string; timeline: number }>("IDENTIFY_SYSTEM");
    const [row] = await this.query<Omit<ServerIdentity, "systemId" | "timeline"> & { senderTimeoutMs: number }>(
      `select current_setting('server_version_num')::integer as version, current_setting('wal_level') as "walLevel",
       (select oid::bigint::float8 from pg_database where datname = current_database()) as "databaseOid",
       (select setting::integer from pg_settings where name = 'wal_sender_timeout') as "senderTimeoutMs"`,
    );
    const { senderTimeoutMs, ...facts } = row!;
    // A timeout of 0 is none.
    const thirdMs = senderTimeoutMs > 0 ? Math.max(senderTimeoutMs / 3, STATUS_MS_MIN) : STATUS_MS_MAX;
    this.#statusMs = Math.min(thirdMs, STATUS_MS_MAX);
    return { ...facts, systemId: system!.systemid, timeline: Number(system!.timeline) };
  }

  /**
   * Makes a slot that vanishes with this connection; gives the position from which it holds the log. Waits for the
   * transactions that are running.
   */
  async createSlot(name: string): Promise<Position> {
    const [row] = await this.query<{ consistent_point: string }>(
      `CREATE_REPLICATION_SLOT ${name} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')`,
    );
    return parsePosition(row!.consistent_point);
  }

  /**
   * Waits, after a slot was made, until whatever the slot does not tell is visible to everybody. Between the two a
   * commit waits for the disk and for standbys: it can stand in the log before the slot, and nobody sees it yet.
   */
  async untilSettled(pause: (waitMs: number) => Promise<void>): Promise<void> {
    // A number of its own, higher than that of all that run. The end of a snapshot would not do: it only reaches to the
    // last transaction that is over.
    const [now] = await this.query<{ xid: string }>("select pg_current_xact_id()::text as xid");
    const isSettled = async () => {
      const [row] = await this.query<{ xmin: string }>("select pg_snapshot_xmin(pg_current_snapshot())::text as xmin");
      return BigInt(row!.xmin) > BigInt(now!.xid);
    };
    for (let waitMs = SETTLE_MS_MIN; !(await isSettled()); waitMs = Math.min(waitMs * 2, SETTLE_MS_MAX)) {
      await pause(waitMs);
    }
  }

  /** Streams until the connection ends. Then it rejects, always; `destroy` and `end` end it. */
  async stream(options: StreamOptions): Promise<never> {
    const { connection } = this.#internals;
    const decoder = new Decoder(options.onIgnored);
    this.#acknowledged = options.from;
    connection.removeAllListeners("copyData");
    connection.on("copyData", ({ chunk }) => this.#receive(chunk, decoder, options));
    connection.once("replicationStart", options.onStart);
    const timer = setInterval(() => this.#look(), this.#statusMs).unref();
    try {
      await this.#client.query(startCommand(options));
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      clearInterval(timer);
    }
    throw this.#failure ?? new Error("The server ended the stream: it is shutting down.");
  }

  /** The server may forget the log up to here. Told with the next answer; at once when `isUrgent`. */
  acknowledge(position: Position, isUrgent = false): void {
    if (position > this.#acknowledged) this.#acknowledged = position;
    if (isUrgent) this.#sendStatus(false);
  }

  /** Stops reading; the server then stops sending when its buffers are full. */
  pause(): void {
    this.#paused = true;
    this.#internals.connection.stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#unanswered = 0;
    this.#internals.connection.stream.resume();
  }

  /** Breaks the connection off; `stream` rejects with this error. */
  destroy(error?: Error): void {
    this.#failure ??= error ?? null;
    this.#internals.connection.stream.destroy(error);
  }

  /** Says good-bye and waits until the server has let go, and with it of a temporary slot. */
  async end(): Promise<void> {
    const { connection } = this.#internals;
    const timer = setTimeout(() => this.destroy(), END_MS);
    connection.stream.resume();
    connection.end();
    if (!connection.stream.writable) this.destroy();
    await this.#ended;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  get #internals(): Internals {
    return this.#client as unknown as Internals;
  }

  #receive(chunk: Buffer, decoder: Decoder, options: StreamOptions): void {
    if (this.#failure) return;
    this.#unanswered = 0;
    try {
      if (chunk[0] === FRAME.message && chunk.length > MESSAGE_HEADER_BYTES) {
        const commit = decoder.push(chunk.subarray(MESSAGE_HEADER_BYTES));
        if (commit) options.onCommit(commit, Math.max(0, readTimeMs(chunk, 17) - commit.at.getTime()));
      } else if (chunk[0] === FRAME.keepalive && chunk.length >= KEEPALIVE_BYTES) {
        options.onProgress(chunk.readBigUInt64BE(1));
        if (chunk[17] === 1) this.#sendStatus(false);
      } else {
        throw new ProtocolError(`A frame of ${chunk.length} bytes and kind ${chunk[0]} is neither data nor keepalive.`);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #look(): void {
    if (this.#paused) this.#unanswered = 0;
    if (this.#unanswered >= SILENT_STATUSES_MAX) {
      const silentMs = Math.round(this.#unanswered * this.#statusMs);
      this.destroy(new Error(`The server has been silent for ${silentMs} ms, though it was asked.`));
      return;
    }
    this.#unanswered++;
    this.#sendStatus(true);
  }

  #sendStatus(asksForReply: boolean): void {
    const { connection } = this.#internals;
    if (!connection.stream.writable) return;
    const bytes = Buffer.alloc(STATUS_BYTES);
    bytes[0] = FRAME.status;
    // Written, flushed, applied: one position for the three. The clock stays 0: the server only shows it.
    for (const offset of [1, 9, 17]) bytes.writeBigUInt64BE(this.#acknowledged, offset);
    bytes[STATUS_BYTES - 1] = asksForReply ? 1 : 0;
    connection.sendCopyFromChunk(bytes);
  }
}

function startCommand({ slot, from, publications, skipOrigins }: StreamOptions): string {
  const names = pg.escapeLiteral(publications.map(pg.escapeIdentifier).join(","));
  const origin = skipOrigins ? ", origin 'none'" : "";
  return (
    `START_REPLICATION SLOT ${slot} LOGICAL ${formatPosition(from)} ` +
    `(proto_version '1', publication_names ${names}, messages 'true'${origin})`
  );
}
