/**
 * Cache: answers of this node, kept as long as nothing that they depend on has changed.
 *
 * Model. An answer is kept under a key with its read set. The relay tells each commit; the answers whose read sets it
 * touches are gone before the relay's position reaches that commit. Answers are bytes, ready to be sent.
 *
 * States. `off` (no stream of the log: every look-up misses and nothing is kept) `⇄ on` (from `resumed`, once the
 * catalog is read, until `lost`), and `brief` while the database does not let its log be read (the relay polls). Each
 * move lets everything go; a load that began before cannot fill it.
 *
 * Promises. What `get` gives is not older than the last commit that the relay has told (QRY-2). One load at a time for
 * each key, and nobody is given the answer of a load that began before a change which this node had heard when they
 * asked. In `brief`, an answer lives for `BRIEF_MS` from the moment its load began, and until the next commit of this
 * node: what others commit shows within `BRIEF_MS`, what this node commits shows at once. Nothing can be watched then.
 * Not promised. What is changed by hand in the schema, the publications or the replication origins is noticed within
 * `CATALOG_MS`. Until then an answer may be kept that a view's old definition gave, or that the log does not tell of.
 * Limits. `bytesMax`, and the limits of store.ts, fence.ts, shapes.ts.
 */
import type { Pool } from "../data/pool.ts";
import type { Commit } from "../log/changes.ts";
import type { Position } from "../log/position.ts";
import type { Relay, RelayConsumer } from "../log/relay.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type CatalogSource, catalogVersion, ReadSetIndex } from "../readset/index.ts";
import { Fence } from "./fence.ts";
import { Fill } from "./fill.ts";
import { Shapes } from "./shapes.ts";
import { Store } from "./store.ts";

/** Memory for answers, unless set otherwise. */
export const CACHE_BYTES = 64 * 1_024 * 1_024;
/** How often the schema is looked at. */
export const CATALOG_MS = 5_000;
/**
 * How long an answer lives where changes are not heard. Long enough to answer a rush for the same thing once; short
 * enough that somebody who looks again sees what others have changed.
 */
export const BRIEF_MS = 1_000;
/** How soon after a failure: after an outage the stream can be back before the pool is. */
const CATALOG_RETRY_MS = 100;

export interface CacheOptions {
  readonly relay: Relay;
  readonly pool: Pool;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly bytesMax?: number;
}

/** Changes that are looked at to tell whether an answer has held since a position. */
export const HELD_CHANGES_MAX = 2_000;

/** What is told when something that a call has read changes: the commit, or `null` when nothing is heard any more. */
export type OnTouched = (commit: Commit | null) => void;

/** A call whose reads are watched. */
export interface Watch {
  /** Whether no change since a position touches what was read; `false` also where that is not known. */
  holdsSince(position: Position): boolean;
  stop(): void;
}

/** What a load gives: the value, what it weighs, and the key to keep it under. */
export interface Loaded<TValue> {
  readonly value: TValue;
  readonly bytes: number;
  readonly key: string;
}

interface Outcome<TValue> {
  readonly loaded: Loaded<TValue>;
  readonly isKept: boolean;
}

export class Cache implements RelayConsumer, AsyncDisposable {
  readonly #options: CacheOptions;
  readonly #store: Store<unknown>;
  readonly #fence = new Fence();
  readonly #loads = new Map<string, Promise<Outcome<unknown> | null>>();
  readonly #watches = new Map<string, OnTouched>();
  readonly #catalogTimer: NodeJS.Timeout;
  #watchCount = 0;
  #index: ReadSetIndex<string>;
  #shapes: Shapes | null = null;
  #hasBegun = false;
  #mode: "off" | "on" | "brief" = "off";
  /** When the lives of answers end that are kept in `brief`, by the clock of the process: it never goes back. */
  readonly #ends = new Map<string, number>();
  #epoch = 0;
  #turns = 0;
  #checking: Promise<void> = Promise.resolve();

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#store = new Store(options.bytesMax ?? CACHE_BYTES, (key) => {
      options.metrics.cacheDropped.inc({ reason: "evicted" });
      this.#index.remove(key);
      this.#ends.delete(key);
    });
    this.#index = new ReadSetIndex(() => null);
    // Before the stream begins, so that no commit is missed.
    options.relay.subscribe(this);
    this.#catalogTimer = setInterval(() => {
      for (const key of this.#ends.keys()) this.#isOver(key);
      this.#check();
    }, CATALOG_MS).unref();
  }

  /** Whether answers are kept until they change. */
  get isOn(): boolean {
    return this.#mode === "on" && this.#shapes !== null;
  }

  /** Whether answers are kept for `BRIEF_MS`. */
  get isBrief(): boolean {
    return this.#mode === "brief" && this.#shapes !== null;
  }

  /** What is kept under a key. The caller knows what it keeps under it. */
  get<TValue>(key: string): TValue | undefined {
    if (this.#ends.size > 0 && this.#isOver(key)) return undefined;
    return this.#store.get(key) as TValue | undefined;
  }

  /** The same, without a trace: for those who check. */
  peek(key: string): unknown {
    return this.#store.peek(key);
  }

  /** Everything that is kept now, without a trace. Not to be held across a turn of the event loop. */
  entries(): Iterable<readonly [key: string, value: unknown]> {
    return this.#store.entries();
  }

  /** Lets one answer go. */
  delete(key: string): void {
    if (this.#store.delete(key)) this.#index.remove(key);
    this.#ends.delete(key);
  }

  /** Lets an answer go whose life has ended. */
  #isOver(key: string): boolean {
    const end = this.#ends.get(key);
    if (end === undefined || performance.now() < end) return false;
    this.delete(key);
    return true;
  }

  /**
   * Loads what is not kept; who asks for the same meanwhile waits for the same load.
   *
   * @param run  Gets a fill to watch the call with; `null` when nothing can be kept now.
   */
  async load<TValue>(key: string, run: (fill: Fill | null) => Promise<Loaded<TValue>>): Promise<TValue> {
    this.#begin();
    const outcome = await this.#loads.get(key);
    if (outcome?.isKept && outcome.loaded.key === key) return outcome.loaded.value as TValue;
    if (!this.isOn && !this.isBrief) return (await run(null)).value;
    const running = this.#fill(run);
    if (!this.#loads.has(key)) {
      const settled = running.catch(() => null).finally(() => this.#loads.delete(key));
      this.#loads.set(key, settled);
    }
    return (await running).loaded.value;
  }

  /** The relay begins when there is something to keep: an app that only writes does not pay for it. */
  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#options.relay.start();
  }

  /** A fill for a call whose answer somebody else keeps; `null` while nothing is heard. */
  newFill(): Fill | null {
    this.#begin();
    return this.isOn ? new Fill(this.#epoch, this.#shapes!) : null;
  }

  /**
   * Watches what a call has read: tells `onTouched` once, when a heard commit touches it, or when nothing is heard any
   * more. `null`, and nothing is watched, when the answer is out of date already (`overtaking` tells by what), or
   * cannot be watched (`fill.reason`).
   */
  watch(fill: Fill, onTouched: OnTouched): Watch | null {
    if (!this.isOn || fill.epoch !== this.#epoch || fill.reason !== null) return null;
    const key = `\0watch\0${this.#watchCount++}`;
    this.#index.add(key, { isCacheable: true, reads: fill.reads });
    if (this.#overtaking(fill, key) !== null) {
      this.#index.remove(key);
      return null;
    }
    this.#watches.set(key, onTouched);
    const stop = () => {
      if (this.#watches.delete(key)) this.#index.remove(key);
    };
    return { stop, holdsSince: (position) => this.#watches.has(key) && this.#holdsSince(key, position) };
  }

  /** The oldest heard commit that touches what a call has read and is not in its snapshot; `null`: not known. */
  overtaking(fill: Fill): Commit | null {
    if (!this.isOn || fill.epoch !== this.#epoch) return null;
    const key = `\0watch\0${this.#watchCount++}`;
    this.#index.add(key, { isCacheable: true, reads: fill.reads });
    const found = this.#overtaking(fill, key);
    this.#index.remove(key);
    return found === "unknown" ? null : found;
  }

  #holdsSince(key: string, position: Position): boolean {
    const commits = this.#fence.behind(position);
    if (commits === null) return false;
    let rest = HELD_CHANGES_MAX;
    for (const { changes } of commits) {
      rest -= changes.length;
      if (rest < 0 || changes.some((change) => this.#index.touched(change).has(key))) return false;
    }
    return true;
  }

  async #fill<TValue>(run: (fill: Fill | null) => Promise<Loaded<TValue>>): Promise<Outcome<TValue>> {
    const untilMs = this.isBrief ? performance.now() + BRIEF_MS : null;
    const fill = new Fill(this.#epoch, this.#shapes!, untilMs);
    const loaded = await run(fill);
    return { loaded, isKept: this.#keep(fill, loaded) };
  }

  #keep(fill: Fill, { key, value, bytes }: Loaded<unknown>): boolean {
    const { cacheRefused } = this.#options.metrics;
    if (this.#shapes === null || fill.epoch !== this.#epoch) return false;
    if (fill.reason !== null || fill.ages !== null) {
      cacheRefused.inc({ reason: "uncacheable" });
      return false;
    }
    if (fill.untilMs !== null) return this.#keepBriefly(fill.untilMs, { key, value, bytes });
    this.#index.add(key, { isCacheable: true, reads: fill.reads });
    if (this.#overtaking(fill, key) !== null) {
      this.#index.remove(key);
      this.#store.delete(key);
      cacheRefused.inc({ reason: "overtaken" });
      return false;
    }
    if (this.#store.set(key, value, bytes + fill.readBytes)) return true;
    this.#index.remove(key);
    cacheRefused.inc({ reason: "too large" });
    return false;
  }

  #keepBriefly(untilMs: number, { key, value, bytes }: Loaded<unknown>): boolean {
    const isOver = performance.now() >= untilMs;
    if (!isOver && this.#store.set(key, value, bytes)) {
      this.#ends.set(key, untilMs);
      return true;
    }
    this.#options.metrics.cacheRefused.inc({ reason: isOver ? "too slow" : "too large" });
    return false;
  }

  /** The oldest heard commit that the answer's snapshot does not contain and that touches what it read. */
  #overtaking({ snapshot }: Fill, key: string): Commit | "unknown" | null {
    if (snapshot === null) return null;
    const unseen = this.#fence.unseenBy(snapshot);
    if (unseen === null) return "unknown";
    const touches = ({ changes }: Commit) => changes.some((change) => this.#index.touched(change).has(key));
    return unseen.findLast(touches) ?? null;
  }

  commit(commit: Commit): void {
    if (this.#mode !== "on") return;
    this.#fence.add(commit);
    if (this.#index.size === 0) return;
    let droppedCount = 0;
    for (const change of commit.changes) {
      for (const key of this.#index.touched(change)) if (this.#touch(key, commit)) droppedCount++;
    }
    if (droppedCount === 0) return;
    const { cacheDropped, cacheStaleSeconds } = this.#options.metrics;
    cacheDropped.inc({ reason: "changed" }, droppedCount);
    // The clock is the database's: where it is ahead of ours, the least is told.
    cacheStaleSeconds.observe(Math.max(0, Date.now() - commit.at.getTime()) / 1_000);
  }

  /** Whether an answer had to go. */
  #touch(key: string, commit: Commit): boolean {
    this.#index.remove(key);
    const isDropped = this.#store.delete(key);
    const onTouched = this.#watches.get(key);
    if (onTouched === undefined) return isDropped;
    this.#watches.delete(key);
    onTouched(commit);
    return isDropped;
  }

  reset(_reason: string): void {
    this.#clear();
  }

  lost(_reason: string): void {
    this.#shapes = null;
    const isBrief = this.#options.relay.state === "polling";
    this.#turn(isBrief ? "brief" : "off");
    if (!isBrief) return;
    this.#check();
    this.#options.log.warn({ keptMs: BRIEF_MS }, "the cache hears no changes: answers are kept for a short life only");
  }

  resumed(): void {
    this.#turn("on");
    this.#check();
  }

  #turn(mode: "off" | "on" | "brief"): void {
    this.#mode = mode;
    this.#turns++;
    this.#clear();
    this.#fence.clear(this.#options.relay.position);
  }

  /** Copies what is kept into the metrics. */
  measure(): void {
    const { metrics } = this.#options;
    metrics.cacheEntries.set(this.#store.size);
    metrics.cacheBytes.set(this.#store.bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#catalogTimer);
    this.#shapes = null;
    this.#turn("off");
    await this.#checking;
  }

  #clear(): void {
    this.#epoch++;
    this.#store.clear();
    this.#ends.clear();
    this.#fence.cut(this.#options.relay.position);
    this.#index = new ReadSetIndex((oid) => this.#shapes?.catalog.lineage(oid) ?? null);
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    for (const onTouched of watches) onTouched(null);
  }

  /** Reads the catalog when there is none, and again when the schema has changed. */
  #check(): void {
    this.#checking = this.#checking
      .then(() => this.#checkNow())
      .catch((error) => {
        if (this.#mode === "off") return;
        this.#options.log.warn({ err: error }, "the cache could not read the catalog, and tries again");
        // While the log is not heard, an outage may last: the next look is soon enough.
        if (this.#mode === "on") setTimeout(() => this.#check(), CATALOG_RETRY_MS).unref();
      });
  }

  async #checkNow(): Promise<void> {
    if (this.#mode === "off") return;
    const { pool, relay, log } = this.#options;
    const turns = this.#turns;
    const session = await pool.acquire();
    const source: CatalogSource = { query: (text) => session.query({ text }) };
    try {
      await relay.verify(source.query);
      const known = this.#shapes;
      if (known && (await catalogVersion(source)) === known.catalog.version) return;
      // Where nothing is told, answers have a short life all the same.
      const untold = this.#mode === "on" ? await relay.untold(source.query) : new Set<number>();
      const shapes = await Shapes.load(source, untold);
      if (turns !== this.#turns) return;
      if (known) log.info({}, "the schema has changed: the cache begins anew");
      this.#shapes = shapes;
      this.#clear();
    } finally {
      pool.release(session);
    }
  }
}
