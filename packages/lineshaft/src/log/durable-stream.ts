/**
 * Durable stream: the log for the whole fleet, from one slot that outlives every process.
 *
 * Model. The slot is the lease. Postgres lets one connection read it; the others stand by, look every `LEASE_LOOK_MS`,
 * and the first to see it free goes on where the last one stopped. The slot survives restarts of the server and, from
 * Postgres 17 on and where standbys are set up for it, failovers.
 * States (link.ts). `starting → standby → streaming ⇄ reconnecting`; `polling` while the database grants no stream.
 *
 * Promises. Every commit to a published table is given to `commits` at least once, in commit order, and acknowledged
 * only after the promise of `commits` is fulfilled. Whatever ends the reader, a `kill -9` too, the next one is given
 * what was not acknowledged; after a crash of the server itself, also some of what was.
 * When the slot is new, lost (`max_slot_wal_keep_size`), was dropped, or the server is on another timeline, there may
 * be a gap: first a slot is made, then `reset` runs until it succeeds, and only then the stream goes on from that slot.
 * A reader that died in between is no exception: `lineshaft.slot` says whether a slot's `reset` was done.
 * Not promised. A reader that lost the slot may still be inside `commits` when the next one begins: whoever writes in
 * `commits` stores the position in the same transaction, and compares it there.
 * Limits. One batch holds at most `BATCH_MAX` commits. While `QUEUE_MAX` changes wait, nothing more is read.
 */
import type { Connection } from "../data/connection.ts";
import { errorCode } from "../data/failures.ts";
import type { Publication } from "../migrate/index.ts";
import type { Logger } from "../observe/log.ts";
import type { Commit } from "./changes.ts";
import { Link, type LinkState } from "./link.ts";
import type { LogServer } from "./obstacle.ts";
import { formatPosition, type Position, parsePosition } from "./position.ts";
import type { ReplicationSession } from "./replication.ts";
import { FLEET_SLOT_PREFIX } from "./slots.ts";

/** How often one that stands by looks whether the slot is free. */
export const LEASE_LOOK_MS = 1_000;
/** Commits of one call. */
export const BATCH_MAX = 1_000;
/** Changes, and commits without any, that may wait to be processed. */
export const QUEUE_MAX = 20_000;

/** SQLSTATE: another connection reads the slot; another one has just made it. */
const IN_USE = new Set(["55006", "42710"]);

/** Who processes the log. Never called twice at a time. */
export interface DurableConsumer {
  /** Processes commits, in order. They are acknowledged when the promise is fulfilled; else they come again. */
  commits(batch: readonly Commit[]): Promise<void>;
  /**
   * Something may have been missed: finds in the tables what there is. Everything committed after `position` comes by
   * `commits`, and some of it may be in the tables already. May be called again with the same position.
   */
  reset(reason: string, position: Position): Promise<void>;
}

export interface DurableStreamOptions {
  readonly connection: Connection;
  readonly publications: readonly Publication[];
  readonly consumer: DurableConsumer;
  readonly log: Logger;
  /** Name of the slot: lower-case letters, digits and `_`. Default: one for the database. */
  readonly slot?: string;
  readonly lookMs?: number;
  readonly random?: () => number;
}

interface SlotRow {
  readonly isActive: boolean;
  readonly isLost: boolean;
  readonly position: string | null;
  /** The timeline of its last `reset`; null when that was never done. */
  readonly timeline: number | null;
}

export class DurableStream implements AsyncDisposable {
  readonly #options: DurableStreamOptions;
  readonly #link: Link;
  #feed: Feed | null = null;
  #position: Position = 0n;

  constructor(options: DurableStreamOptions) {
    this.#options = options;
    this.#link = new Link(
      { ...options, name: "lineshaft fleet" },
      { follow: (session, server, live) => this.#follow(session, server, live), onState: () => {} },
    );
  }

  get state(): LinkState {
    return this.#link.state;
  }

  /** The newest position that was processed by this process. */
  get position(): Position {
    return this.#position;
  }

  /** Begins; returns at once. */
  start(): void {
    this.#link.start();
  }

  /** Ends the stream after the batch that is under way; the slot stays. */
  async close(): Promise<void> {
    await this.#feed?.close();
    await this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #follow(
    session: ReplicationSession,
    server: LogServer,
    live: (state: "standby" | "streaming") => void,
  ): Promise<void> {
    const slot = this.#options.slot ?? FLEET_SLOT_PREFIX + server.databaseOid;
    while (this.state !== "stopped") {
      const from = await this.#take(session, server, slot);
      if (from !== null) {
        await this.#stream(session, server, { slot, from, live: () => live("streaming") });
      }
      live("standby");
      await this.#link.pause((this.#options.lookMs ?? LEASE_LOOK_MS) * (0.75 + Math.random() / 2));
    }
  }

  /** Makes the slot ready; gives where it begins, or null while another reader has it. */
  async #take(session: ReplicationSession, server: LogServer, slot: string): Promise<Position | null> {
    const found = await findSlot(session, slot);
    if (found?.isActive) return null;
    const isUsable = found !== null && !found.isLost && found.position !== null;
    const reason = gapReason(found, isUsable, server);
    try {
      const from = isUsable ? parsePosition(found.position!) : await remake(session, server, slot, found !== null);
      if (reason !== null) await this.#reset(session, server, { slot, reason, from });
      return from;
    } catch (error) {
      if (IN_USE.has(errorCode(error))) return null;
      throw error;
    }
  }

  async #reset(
    session: ReplicationSession,
    { timeline }: LogServer,
    { slot, reason, from }: { readonly slot: string; readonly reason: string; readonly from: Position },
  ): Promise<void> {
    const { log, consumer } = this.#options;
    // Else the tables could lack what stands in the log just before the slot.
    await session.untilSettled((waitMs) => this.#link.pause(waitMs));
    log.warn({ slot, reason, position: formatPosition(from) }, "lineshaft fleet: begins anew from the tables");
    await consumer.reset(reason, from);
    await session.query(
      `insert into lineshaft.slot (name, timeline, position) values ('${slot}', ${timeline}, '${formatPosition(from)}')
       on conflict (name) do update
       set timeline = excluded.timeline, position = excluded.position, synced_at = now()`,
    );
  }

  async #stream(
    session: ReplicationSession,
    server: LogServer,
    { slot, from, live }: { readonly slot: string; readonly from: Position; readonly live: () => void },
  ): Promise<void> {
    const feed = new Feed(session, this.#options.consumer, (position) => {
      this.#position = position;
    });
    this.#feed = feed;
    try {
      await session.stream({
        slot,
        from,
        publications: this.#options.publications.map(({ name }) => name),
        skipOrigins: server.skipsOrigins,
        onStart: live,
        onCommit: (commit) => feed.push(commit),
        onProgress: (sent) => feed.progress(sent),
      });
    } catch (error) {
      // Another reader was faster.
      if (!IN_USE.has(errorCode(error))) throw error;
    } finally {
      this.#feed = null;
      await feed.close();
    }
  }
}

/** What was received and not processed yet, in order. */
class Feed {
  readonly #session: ReplicationSession;
  readonly #consumer: DurableConsumer;
  readonly #onProcessed: (position: Position) => void;
  readonly #queue: Commit[] = [];
  #weight = 0;
  /** All before it was received. */
  #sent: Position = 0n;
  #processing: Promise<void> | null = null;
  #isClosed = false;

  constructor(session: ReplicationSession, consumer: DurableConsumer, onProcessed: (position: Position) => void) {
    this.#session = session;
    this.#consumer = consumer;
    this.#onProcessed = onProcessed;
  }

  push(commit: Commit): void {
    if (this.#isClosed) return;
    this.#queue.push(commit);
    this.#weight += weightOf(commit);
    if (this.#weight >= QUEUE_MAX) this.#session.pause();
    this.#processing ??= this.#process();
  }

  progress(sent: Position): void {
    this.#sent = sent;
    if (this.#processing === null) this.#done(sent, false);
  }

  /** Lets the batch under way end; what waits behind it comes again, to the next reader. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#processing;
  }

  async #process(): Promise<void> {
    await null; // What arrives within this turn of the event loop is one batch.
    try {
      while (this.#queue.length > 0 && !this.#isClosed) {
        const batch = this.#queue.splice(0, BATCH_MAX);
        await this.#consumer.commits(batch);
        this.#weight -= batch.reduce((sum, commit) => sum + weightOf(commit), 0);
        if (this.#weight < QUEUE_MAX) this.#session.resume();
        this.#done(batch.at(-1)!.position, true);
      }
      if (!this.#isClosed) this.#done(this.#sent, false);
    } catch (error) {
      this.#isClosed = true;
      this.#session.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#processing = null;
    }
  }

  #done(position: Position, isUrgent: boolean): void {
    this.#session.acknowledge(position, isUrgent);
    if (position > 0n) this.#onProcessed(position);
  }
}

function weightOf({ changes }: Commit): number {
  return Math.max(1, changes.length);
}

async function findSlot(session: ReplicationSession, slot: string): Promise<SlotRow | null> {
  const [row] = await session.query<SlotRow>(
    `select active as "isActive", wal_status is not distinct from 'lost' as "isLost", confirmed_flush_lsn as position,
       (select timeline from lineshaft.slot where name = slot_name) as timeline
     from pg_replication_slots where slot_name = '${slot}' and database = current_database()`,
  );
  return row ?? null;
}

/** Why the tables have to be looked at before the stream; null when there is no gap. */
function gapReason(found: SlotRow | null, isUsable: boolean, { timeline }: LogServer): string | null {
  if (found === null) return "the slot was not there: it is new, was dropped, or the database was made anew";
  if (!isUsable) return "the slot was lost: its reader was away for more log than the server keeps";
  if (found.timeline === null) return "the slot was made, and the tables were not looked at since";
  if (found.timeline !== timeline) return `a standby was promoted (timeline ${found.timeline} → ${timeline})`;
  return null;
}

/** Makes the slot anew, after forgetting that it was ever in step with the tables. */
async function remake(
  session: ReplicationSession,
  { hasFailover }: LogServer,
  slot: string,
  isThere: boolean,
): Promise<Position> {
  await session.query(`delete from lineshaft.slot where name = '${slot}'`);
  if (isThere) await session.query(`select pg_drop_replication_slot('${slot}')`);
  return session.createSlot(slot, { temporary: false, failover: hasFailover });
}
