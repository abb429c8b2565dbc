/**
 * Handler: one declared handler on this node: reads the log for its lanes, and has them run.
 *
 * Model. A lane belongs to one node at a time (`fleet.ts`). What it needs to know, its cursor and what waits beside it,
 * is read when it comes to this node, and again whenever it turns out to be wrong. The handler reads forward from the
 * lane that is furthest behind, in pages, and stops reading while `QUEUED_MAX` events wait in the lanes.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { HandlerDefinition } from "../define/event.ts";
import { writeTogether } from "../log/control.ts";
import type { StoredEvent } from "../log/event-log.ts";
import { LANES } from "../migrate/index.ts";
import { Lane, type LaneHost, PARKED_MAX } from "./lane.ts";
import type { Machinery } from "./run.ts";
import type { Tail } from "./tail.ts";
import type { Turns } from "./turns.ts";

/** Events of one handler that wait in memory, and bytes of their payloads. */
export const QUEUED_MAX = 2_000;
export const QUEUED_BYTES_MAX = 8 * 1_048_576;
/** Pause after the database could not be asked, or turned out to be otherwise than believed. */
const LOOK_MS = 100;

const REGISTER = `insert into lineshaft.handler (name, event) values ($1, $2)
  on conflict (name) do update set event = excluded.event, seen_at = now()`;
const CURSORS = `insert into lineshaft.cursor (handler, lane, position)
  select $1, lane, case when $2 then h.position else 0 end
  from generate_series(0, ${LANES - 1}) lane, lineshaft.head h on conflict do nothing`;

const LOOK = `select c.lane, c.position::float8 as position, count(w.id)::integer as parked,
    coalesce(array_agg(distinct w.key) filter (where w.key is not null), '{}') as keys
  from lineshaft.cursor c left join lateral (
    select id, key from lineshaft.work w
    where w.target = c.handler and w.kind = 'handler' and w.lane = c.lane and w.state = 'waiting'
    limit ${PARKED_MAX * 2}
  ) w on true
  where c.handler = $1 and c.lane = any($2::smallint[]) group by c.lane, c.position`;

interface LaneRow {
  readonly lane: number;
  readonly position: number;
  readonly parked: number;
  readonly keys: readonly string[];
}

export interface HandlerOptions extends Omit<LaneHost, "onTaken"> {
  readonly tail: Tail;
  /** The end of the log, as far as this node knows. */
  readonly head: () => number;
  readonly turns: Turns;
  /** Aborted when nothing more is to begin. */
  readonly closing: AbortSignal;
  readonly owns: (lane: number) => boolean;
}

export class Handler {
  readonly definition: HandlerDefinition;
  readonly #options: HandlerOptions;
  readonly #host: LaneHost;
  readonly #machinery: Machinery;
  readonly #lanes = new Map<number, Lane>();
  /** Lanes whose view of the database is out of date. */
  readonly #stale = new Set<number>();
  /** Everything up to here was put into the lanes' queues. */
  #fed = 0;
  #queued = 0;
  #queuedBytes = 0;
  #feeding: Promise<void> | null = null;
  #mayBeMore = false;
  #looking: Promise<void> | null = null;
  readonly #draining = new Set<Promise<void>>();

  constructor(options: HandlerOptions) {
    this.definition = options.definition;
    this.#options = options;
    this.#host = { ...options, onTaken: (events) => this.#forget(events) };
    this.#machinery = options.machinery;
  }

  /** Makes the handler known to the database: a new one begins where it is declared to. */
  async register(): Promise<void> {
    const { name, event, from } = this.definition;
    await writeTogether(this.#machinery.control, [
      { text: REGISTER, values: [name, event.name] },
      { text: CURSORS, values: [name, from === "now"] },
    ] as const);
  }

  /** Takes the lanes that belong to this node now, and lets go of the others. */
  share(): void {
    for (let number = 0; number < LANES; number++) {
      const isOwn = this.#options.owns(number);
      if (!isOwn) this.#drop(number);
      else if (!this.#lanes.has(number)) this.#stale.add(number);
    }
    this.#lookAgain();
  }

  /** There are new events. */
  feed(): void {
    this.#mayBeMore = true;
    if (this.#feeding !== null || this.#lanes.size === 0 || this.#isClosed) return;
    this.#feeding = this.#feed().finally(() => {
      this.#feeding = null;
      if (this.#mayBeMore && this.#hasRoom) this.feed();
    });
  }

  /** Something that waited beside a lane is done. */
  released(number: number, key: string | null): void {
    const lane = this.#lanes.get(number);
    if (lane === undefined) return;
    lane.parkedCount--;
    if (key !== null && lane.blocked.has(key)) this.#stale.add(number);
    if (this.#stale.size > 0) this.#lookAgain();
    else if (lane.parkedCount === PARKED_MAX / 2) this.#drain(lane);
  }

  /** Whether all up to a position is handled by this node's lanes, or is beside them. */
  isThrough(head: number): boolean {
    const lanes = [...this.#lanes.values()];
    return (
      this.#stale.size === 0 && this.#fed >= head && lanes.every(({ queue, isBusy }) => queue.length === 0 && !isBusy)
    );
  }

  /** Events that were not looked at yet, and the age of the oldest one that waits. */
  lag(head: number, nowMs: number): { readonly events: number; readonly seconds: number } {
    if (this.#lanes.size === 0) return { events: 0, seconds: 0 };
    const oldest = [...this.#lanes.values()].flatMap(({ queue }) => queue.slice(0, 1)).map(({ at }) => at.getTime());
    const seconds = oldest.length === 0 ? 0 : Math.max(0, nowMs - Math.min(...oldest)) / 1_000;
    return { events: Math.max(0, head - this.#fed) + this.#queued, seconds };
  }

  /** Cursors of lanes that have nothing to do: they may follow what others do, so that nobody takes them for late. */
  idle(): { readonly lane: Lane; readonly to: number }[] {
    return [...this.#lanes.values()]
      .filter(
        (lane) => !lane.isBusy && lane.queue.length === 0 && lane.position < this.#fed && !this.#stale.has(lane.number),
      )
      .map((lane) => ({ lane, to: this.#fed }));
  }

  /** Where this node believes its lanes to be. */
  believed(): readonly (readonly [lane: number, position: number])[] {
    return [...this.#lanes.values()].map(({ number, position }) => [number, position]);
  }

  /** A lane was found to be otherwise than believed. */
  look(number: number): void {
    if (this.#lanes.has(number)) this.#stale.add(number);
    this.#lookAgain();
  }

  /** Lanes that stand still look whether another node has done what they wait for: nobody would tell them. */
  lookAtHeld(): void {
    for (const lane of this.#lanes.values()) if (lane.isHeld && lane.queue.length > 0) this.#stale.add(lane.number);
    this.#lookAgain();
  }

  /** A lane that was held for a moment goes on. */
  resume(lane: Lane): void {
    if (this.#lanes.get(lane.number) === lane) this.#drain(lane);
  }

  /** Resolves when nothing of this handler runs any more. `closing` is aborted by then. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#draining, this.#feeding, this.#looking]);
  }

  get #isClosed(): boolean {
    return this.#options.closing.aborted;
  }

  get #hasRoom(): boolean {
    return this.#queued < QUEUED_MAX && this.#queuedBytes < QUEUED_BYTES_MAX;
  }

  #drop(number: number): void {
    this.#stale.delete(number);
    const lane = this.#lanes.get(number);
    if (lane === undefined) return;
    this.#lanes.delete(number);
    this.#forget(lane.queue.splice(0));
  }

  #lookAgain(): void {
    if (this.#looking !== null || this.#stale.size === 0 || this.#isClosed) return;
    this.#looking = this.#look()
      .catch(async (error) => {
        this.#machinery.log.debug({ err: error, handler: this.definition.name }, "cursors could not be read yet");
        await delay(LOOK_MS, undefined, { ref: false });
      })
      .finally(() => {
        this.#looking = null;
        this.#lookAgain();
      });
  }

  /** Reads where lanes are. A lane that is at work is asked when it is done. */
  async #look(): Promise<void> {
    const asked = [...this.#stale].filter((number) => !this.#lanes.get(number)?.isBusy);
    if (asked.length === 0) return void (await delay(1, undefined, { ref: false }));
    for (const number of asked) {
      const lane = this.#lanes.get(number);
      if (lane) lane.isBusy = true;
    }
    try {
      const { name } = this.definition;
      const [{ rows }] = await writeTogether(this.#machinery.control, [
        { text: LOOK, name: "ls_look", values: [name, asked] },
      ] as const);
      for (const row of rows as LaneRow[]) this.#take(row);
      for (const number of asked) this.#stale.delete(number);
    } finally {
      for (const number of asked) {
        const lane = this.#lanes.get(number);
        if (lane) lane.isBusy = false;
      }
    }
    for (const number of asked) {
      const lane = this.#lanes.get(number);
      if (lane) this.#drain(lane);
    }
    this.feed();
  }

  #take({ lane: number, position, parked, keys }: LaneRow): void {
    if (!this.#options.owns(number)) {
      this.#drop(number);
      return;
    }
    const known = this.#lanes.get(number);
    if (known?.position === position) {
      known.blocked = new Set(keys);
      known.parkedCount = parked;
      return;
    }
    if (known) this.#forget(known.queue.splice(0));
    if (known && position < known.position) this.#options.tail.forget();
    const isFirst = this.#lanes.size === 0;
    this.#lanes.set(number, new Lane(this.#host, { number, position, blocked: new Set(keys), parked }));
    this.#fed = isFirst ? position : Math.min(this.#fed, position);
  }

  async #feed(): Promise<void> {
    const { tail, head } = this.#options;
    const { event } = this.definition;
    try {
      for (let waits = 0; ; ) {
        this.#mayBeMore = !this.#hasRoom;
        if (this.#mayBeMore || this.#isClosed || this.#lanes.size === 0) return;
        const from = this.#fed;
        if (from >= head()) return;
        const page = await tail.read(from, event.name);
        // A lane came in between that is further behind.
        if (this.#fed !== from) continue;
        for (const stored of page.events) if (stored.name === event.name) this.#queue(stored);
        this.#fed = page.upTo;
        // It was told before it could be seen; or is gone, with a server that others have replaced.
        waits = page.upTo === from ? Math.min(waits + 1, LOOK_MS) : 0;
        if (waits > 0) await delay(waits, undefined, { ref: false });
      }
    } catch (error) {
      this.#machinery.log.debug({ err: error, handler: this.definition.name }, "events could not be read yet");
      await delay(LOOK_MS, undefined, { ref: false });
      this.#mayBeMore = true;
    }
  }

  #queue(stored: StoredEvent): void {
    const lane = this.#lanes.get(stored.lane);
    if (lane === undefined || stored.position <= lane.queuedTo) return;
    lane.queue.push(stored);
    lane.queuedTo = stored.position;
    this.#queued++;
    this.#queuedBytes += stored.payload.length;
    this.#drain(lane);
  }

  #forget(events: readonly StoredEvent[]): void {
    this.#queued -= events.length;
    for (const { payload } of events) this.#queuedBytes -= payload.length;
  }

  #drain(lane: Lane): void {
    if (lane.isBusy || lane.isHeld || lane.queue.length === 0 || this.#isClosed) return;
    lane.isBusy = true;
    const draining = this.#drainOne(lane).finally(() => {
      lane.isBusy = false;
      this.#draining.delete(draining);
      if (this.#lanes.get(lane.number) === lane && !this.#stale.has(lane.number)) this.#drain(lane);
      if (this.#mayBeMore && this.#hasRoom) this.feed();
    });
    this.#draining.add(draining);
  }

  async #drainOne(lane: Lane): Promise<void> {
    const isOurs = () => this.#lanes.get(lane.number) === lane && !this.#stale.has(lane.number) && !this.#isClosed;
    while (isOurs() && lane.queue.length > 0 && !lane.isHeld) {
      const outcome = await this.#options.turns.take(this, async () =>
        isOurs() ? lane.next() : ("look again" as const),
      );
      if (outcome === "look again") {
        if (!isOurs()) return;
        await delay(LOOK_MS * this.#machinery.random(), undefined, { ref: false });
        this.look(lane.number);
        return;
      }
      if (this.#hasRoom) this.feed();
    }
  }
}
