/**
 * Relay: tells caches and subscriptions of this process what was committed, in commit order.
 *
 * Model. One relay per process, with a temporary slot of its own: it costs the server nothing when the process is gone,
 * and it begins anew with each connection. What is committed between two connections is not told; so consumers are told
 * of the gap, and hold nothing across it.
 * States (link.ts). `starting → streaming ⇄ reconnecting`; `polling` while the database grants no stream; `stopped`.
 *
 * What a consumer hears, synchronously and in order:
 *
 *     resumed    from here on nothing is missed: what is read from the database from now on may be kept
 *     commit     each commit that touched a published table, before `position` reaches it
 *     lost       the stream has ended: keep nothing, serve from the database
 *     reset      before `resumed`, and in `polling` with each commit of this process: what is held is out of date
 *
 * Promises. Between `resumed` and `lost` every commit to a published table is told once, in commit order. Everything
 * committed before `resumed` is visible to every snapshot taken after it; a commit that is *told* may for an instant be
 * invisible to other snapshots (`pg_current_snapshot()` settles that, by `xid`). A consumer that throws is told `reset`
 * and goes on; the others do not notice. The server is told a position only after every consumer has seen it.
 * Not promised. A consumer that subscribes while the stream runs knows nothing of the commits before: what it reads in
 * the same instant may lack one of them. Subscribe before `start`.
 * Limits. `XIDS_MAX` transactions are remembered for `waitForXid`; `WAITERS_MAX` callers may wait. Making the slot, and
 * `resumed`, wait for the transactions that write at that time.
 */
import type { Connection } from "../data/connection.ts";
import type { Pool } from "../data/pool.ts";
import type { Publication } from "../migrate/index.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Commit } from "./changes.ts";
import { Link, type LinkState } from "./link.ts";
import { type AskLog, type LogServer, untoldBy, whatIsMissed } from "./obstacle.ts";
import { formatPosition, type Position } from "./position.ts";
import type { ReplicationSession } from "./replication.ts";
import { Seen } from "./seen.ts";
import { countCommit, measureLog } from "./slots.ts";

export { WAITERS_MAX, XIDS_MAX } from "./seen.ts";

/** Starts the name of each temporary slot. */
export const NODE_SLOT_PREFIX = "lineshaft_node_";
export type RelayState = LinkState;

/** Who hears of commits. Methods are synchronous and quick: the stream waits for them. */
export interface RelayConsumer {
  commit(commit: Commit): void;
  /** Everything held is out of date. */
  reset(reason: string): void;
  /** The stream has ended, or never began. */
  lost(reason: string): void;
  resumed(): void;
}

export interface RelayOptions {
  readonly connection: Connection;
  /** What is read: `publicationsOf` the declarations. Tables that are not published are an obstacle. */
  readonly publications: readonly Publication[];
  /** What is read of the platform's own tables; told to `subscribePlatform`, and to no cache. Default: nothing. */
  readonly platform?: readonly Publication[];
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly random?: () => number;
}

/** The schema of the platform's own tables. */
const PLATFORM_SCHEMA = "lineshaft";

export class Relay implements AsyncDisposable {
  readonly #options: RelayOptions;
  readonly #published: readonly Publication[];
  readonly #link: Link;
  readonly #consumers = new Set<RelayConsumer>();
  readonly #platformConsumers = new Set<RelayConsumer>();
  readonly #seen = new Seen();
  #slot: string | null = null;
  #identity: LogServer | null = null;
  #lostReason = "the relay starts";

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#published = [...options.publications, ...(options.platform ?? [])];
    this.#link = new Link(
      { ...options, publications: this.#published, name: "lineshaft relay" },
      {
        follow: (session, server, live) => this.#follow(session, server, live),
        onState: (state, reason) => this.#onState(state, reason),
      },
    );
    this.#showState();
  }

  get state(): RelayState {
    return this.#link.state;
  }

  /** The newest position of which every commit before has been told. 0 before the first stream. */
  get position(): Position {
    return this.#seen.position;
  }

  /** Begins; the first stream may take as long as the oldest transaction that writes. Returns at once. */
  start(): void {
    this.#link.start();
  }

  /** Ends the stream, drops the slot; whoever waits is told `false`. */
  close(): Promise<void> {
    return this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Adds a consumer; gives what removes it. Told `resumed` at once when the stream runs. */
  subscribe(consumer: RelayConsumer): () => void {
    return this.#add(this.#consumers, consumer);
  }

  /** The same for the platform's own tables: `commit` comes with their changes only. */
  subscribePlatform(consumer: RelayConsumer): () => void {
    return this.#add(this.#platformConsumers, consumer);
  }

  #add(consumers: Set<RelayConsumer>, consumer: RelayConsumer): () => void {
    consumers.add(consumer);
    if (this.state === "streaming") consumer.resumed();
    return () => void consumers.delete(consumer);
  }

  get #all(): readonly RelayConsumer[] {
    return [...this.#consumers, ...this.#platformConsumers];
  }

  /**
   * Waits until a position has been told to every consumer: true then, also when it was long ago. False after
   * `timeoutMs`, and at once while there is no stream: the caller then reads past the caches.
   */
  waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    if (this.state !== "streaming") return Promise.resolve(position <= this.position);
    return this.#seen.waitFor(position, timeoutMs);
  }

  /**
   * The same for a transaction, by the low 32 bits of its number. One that changed no published table is never told,
   * nor is one from before the stream: false after `timeoutMs`.
   */
  waitForXid(xid: number, timeoutMs: number): Promise<boolean> {
    if (this.state !== "streaming") return Promise.resolve(this.#seen.hasXid(xid));
    return this.#seen.waitForXid(xid, timeoutMs);
  }

  /** Whether a transaction was told, by `pg_current_xact_id()`: of the newest `XIDS_MAX` of this stream. */
  wasTold(xid: string): boolean {
    return this.#seen.hasXid(Number(BigInt.asUintN(32, BigInt(xid))));
  }

  /**
   * This process has committed something. While the database does not let its log be read, that is all that is heard:
   * consumers hold nothing across it.
   */
  wrote(): void {
    if (this.state !== "polling") return;
    for (const consumer of this.#consumers) this.#tell(consumer, () => consumer.reset("this node has written"));
  }

  /**
   * Looks whether everything is told still: a table that somebody takes out of its publication is not, without a word.
   * The stream ends then, and begins anew as the database lets it.
   */
  async verify(ask: AskLog): Promise<void> {
    if (this.state !== "streaming") return;
    const missed = await whatIsMissed(ask, this.#identity!, this.#published);
    if (missed !== null) await this.#link.renew(missed);
  }

  /** Tables whose changes are not told: not declared, and made by hand or by others. By their oids. */
  async untold(ask: (text: string) => Promise<{ readonly rows: readonly unknown[] }>): Promise<ReadonlySet<number>> {
    const { rows } = await ask(untoldBy(this.#options.publications));
    return new Set((rows as readonly { readonly oid: number }[]).map(({ oid }) => oid));
  }

  /** Brings the gauges up to date: asks the database how far its log is, and how much more it keeps for us. */
  async measure(pool: Pool): Promise<void> {
    const { metrics } = this.#options;
    if (this.state !== "streaming") return;
    // A database that is away has metrics of its own.
    await measureLog(pool, metrics, { slot: this.#slot, position: this.position }).catch(() => {});
  }

  async #follow(session: ReplicationSession, server: LogServer, live: () => void): Promise<void> {
    const slot = NODE_SLOT_PREFIX + crypto.randomUUID().replaceAll("-", "");
    const from = await session.createSlot(slot);
    await session.untilSettled((waitMs) => this.#link.pause(waitMs));
    await session.stream({
      slot,
      from,
      publications: this.#published.map(({ name }) => name),
      skipOrigins: server.skipsOrigins,
      onStart: () => this.#begin(slot, from, server, live),
      onCommit: (commit, lagMs) => this.#onCommit(session, commit, lagMs),
      onProgress: (sent) => this.#onProgress(session, sent),
      onIgnored: (what) => this.#options.log.warn({ what }, "lineshaft relay: ignored what is not of our making"),
    });
  }

  #begin(slot: string, from: Position, server: LogServer, live: () => void): void {
    const reason = `${this.#lostReason}${changeOfServer(this.#identity, server)}`;
    this.#slot = slot;
    this.#identity = server;
    this.#seen.restart(from);
    this.#options.metrics.relayResets.inc();
    for (const consumer of this.#all) this.#tell(consumer, () => consumer.reset(reason));
    live();
    this.#options.log.info({ position: formatPosition(from), reason }, "lineshaft relay: caches begin anew");
  }

  #onCommit(session: ReplicationSession, commit: Commit, lagMs: number): void {
    const platform = commit.changes.filter(({ table }) => table.schema === PLATFORM_SCHEMA);
    const isShared = platform.length > 0;
    const changes = isShared ? commit.changes.filter(({ table }) => table.schema !== PLATFORM_SCHEMA) : commit.changes;
    if (changes.length > 0 || !isShared) {
      const told = isShared ? { ...commit, changes } : commit;
      for (const consumer of this.#consumers) this.#tell(consumer, () => consumer.commit(told));
    }
    if (isShared) {
      const told = { ...commit, changes: platform };
      for (const consumer of this.#platformConsumers) this.#tell(consumer, () => consumer.commit(told));
    }
    this.#seen.advance(commit.position, commit.xid);
    countCommit(this.#options.metrics, commit, lagMs);
    session.acknowledge(commit.position);
  }

  #onProgress(session: ReplicationSession, sent: Position): void {
    this.#seen.advance(sent);
    session.acknowledge(sent);
  }

  #onState(state: LinkState, reason: string): void {
    this.#showState();
    if (state === "streaming") {
      for (const consumer of this.#all) this.#tell(consumer, () => consumer.resumed());
      return;
    }
    this.#lostReason = reason;
    if (state === "reconnecting") this.#options.metrics.relayReconnects.inc();
    this.#seen.giveUp();
    for (const consumer of this.#all) this.#tell(consumer, () => consumer.lost(reason));
  }

  #showState(): void {
    const { relayState } = this.#options.metrics;
    relayState.reset();
    relayState.set({ state: this.state }, 1);
  }

  /** A consumer that fails has missed something: it begins anew. */
  #tell(consumer: RelayConsumer, say: () => void): void {
    try {
      say();
    } catch (error) {
      this.#options.log.error({ err: error }, "lineshaft relay: a consumer failed and is reset");
      try {
        consumer.reset("it failed");
      } catch (again) {
        this.#options.log.error({ err: again }, "lineshaft relay: a consumer failed to reset and is left out");
        this.#consumers.delete(consumer);
        this.#platformConsumers.delete(consumer);
      }
    }
  }
}

function changeOfServer(before: LogServer | null, now: LogServer): string {
  if (before === null) return "";
  if (before.systemId !== now.systemId) return "; it is another server";
  if (before.databaseOid !== now.databaseOid) return "; the database was made anew";
  if (before.timeline !== now.timeline)
    return `; a standby was promoted (timeline ${before.timeline} → ${now.timeline})`;
  return "";
}
