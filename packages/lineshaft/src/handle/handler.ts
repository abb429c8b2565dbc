/**
 * Handler: one declared handler on this node: reads the log for its lanes, and has them run.
 *
 * Model. A lane belongs to one node at a time (`fleet.ts`). What it needs to know, its cursor and what waits beside it,
 * is read when it comes to this node, and again whenever it turns out to be wrong. The handler reads forward from the
 * lane that is furthest behind, in pages, and stops reading while `QUEUED_MAX` events wait. A lane in which many wait
 * is full: it is left out, so that it holds up no other, and read for from where it was when there is room in it again.
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

/** Events of one handler that wait in memory, and bytes of their payloads; those of lanes that are full come on top. */
export const QUEUED_MAX = 2_000;
export const QUEUED_BYTES_MAX = 8 * 1_048_576;
/** Pause after the database could not be asked, or turned out to be otherwise than believed. */
const LOOK_MS = 100;

const REGISTER = `insert into lineshaft.handler (name, event) values ($1, $2)
  on conflict (name) do update set event = excluded.event, seen_at = now()`;
const CURSORS = `insert into lineshaft.cursor (handler, lane, position)
  select $1, lane, case when $2 then h.position else 0 end
  from generate_series(0, ${LANES - 1}) lane, lineshaft.head h on conflict do nothing`;

const LOOK = `select c.lane, lineshaft.term() as term, c.position::float8 as position, count(w.id)::integer as parked,
    coalesce(array_agg(distinct w.key) filter (where w.key is not null), '{}') as keys
  from lineshaft.cursor c left join lateral (
    select id, key from lineshaft.work w
    where w.target = c.handler and w.kind = 'handler' and w.lane = c.lane and w.state = 'waiting'
    limit ${PARKED_MAX * 2}
  ) w on true
  where c.handler = $1 and c.lane = any($2::smallint[]) group by c.lane, c.position`;

interface LaneRow {
  readonly lane: number;
  readonly term: string;
  readonly position: number;
  readonly parked: number;
  readonly keys: readonly string[];
}

export interface HandlerOptions extends LaneHost {
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
  readonly #machinery: Machinery;
  readonly #lanes = new Map<number, Lane>();
  /** Lanes whose view of the database is out of date. */
  readonly #stale = new Set<number>();
  #feeding: Promise<void> | null = null;
  #mayBeMore = false;
  #looking: Promise<void> | null = null;
  readonly #draining = new Set<Promise<void>>();

  constructor(options: HandlerOptions) {
    this.definition = options.definition;
    this.#options = options;
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
    this.feed();
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
    const isThrough = ({ queuedTo, queue, isBusy }: Lane) => queuedTo >= head && queue.length === 0 && !isBusy;
    return this.#stale.size === 0 && [...this.#lanes.values()].every(isThrough);
  }

  /** Events that were not looked at yet, and the age of the oldest one that waits. */
  lag(head: number, nowMs: number): { readonly events: number; readonly seconds: number } {
    if (this.#lanes.size === 0) return { events: 0, seconds: 0 };
    const lanes = [...this.#lanes.values()];
    const oldest = lanes.flatMap(({ queue }) => queue.slice(0, 1)).map(({ at }) => at.getTime());
    const seconds = oldest.length === 0 ? 0 : Math.max(0, nowMs - Math.min(...oldest)) / 1_000;
    return { events: Math.max(0, head - queuedTo(lanes)) + queued(lanes).events, seconds };
  }

  /** Cursors of lanes that have nothing to do: they may follow what others do, so that nobody takes them for late. */
  idle(): { readonly lane: Lane; readonly to: number }[] {
    const isIdle = (lane: Lane) => !lane.isBusy && lane.queue.length === 0 && !this.#stale.has(lane.number);
    return [...this.#lanes.values()]
      .filter((lane) => isIdle(lane) && lane.position < lane.queuedTo)
      .map((lane) => ({ lane, to: lane.queuedTo }));
  }

  /** Where this node believes its lanes to be. */
  believed(): readonly Pick<Lane, "number" | "position" | "term">[] {
    return [...this.#lanes.values()];
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

  /** Lanes that events are read for. */
  get #open(): readonly Lane[] {
    return [...this.#lanes.values()].filter(({ isFull }) => !isFull);
  }

  get #hasRoom(): boolean {
    const lanes = this.#open;
    // What stands still is as good as full.
    const { events, bytes } = queued(lanes.filter(({ isHeld }) => !isHeld));
    return lanes.length > 0 && events < QUEUED_MAX && bytes < QUEUED_BYTES_MAX;
  }

  #drop(number: number): void {
    this.#stale.delete(number);
    this.#lanes.delete(number);
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

  #take({ lane: number, term, position, parked, keys }: LaneRow): void {
    if (!this.#options.owns(number)) {
      this.#drop(number);
      return;
    }
    this.#options.tail.follow(term);
    const known = this.#lanes.get(number);
    if (known?.position === position && known.term === term) {
      known.blocked = new Set(keys);
      known.parkedCount = parked;
      return;
    }
    if (known && position < known.position) this.#options.tail.forget();
    this.#lanes.set(number, new Lane(this.#options, { number, term, position, blocked: new Set(keys), parked }));
  }

  async #feed(): Promise<void> {
    const { tail, head } = this.#options;
    const { event } = this.definition;
    try {
      for (let waits = 0; ; ) {
        this.#mayBeMore = !this.#hasRoom;
        if (this.#mayBeMore || this.#isClosed) return;
        const from = queuedTo(this.#open);
        if (from >= head()) return;
        const page = await tail.read(from, event.name);
        // A lane came in between that is further behind.
        if (queuedTo(this.#open) !== from) continue;
        for (const stored of page.events) if (stored.name === event.name) this.#queue(stored);
        for (const lane of this.#open) lane.queuedTo = Math.max(lane.queuedTo, page.upTo);
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
    if (lane === undefined || lane.isFull || stored.position <= lane.queuedTo) return;
    lane.put(stored);
    this.#drain(lane);
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

/** Up to where all of them were fed; `Infinity` when there is none. */
function queuedTo(lanes: readonly Lane[]): number {
  return Math.min(...lanes.map((lane) => lane.queuedTo));
}

function queued(lanes: readonly Lane[]): { readonly events: number; readonly bytes: number } {
  let [events, bytes] = [0, 0];
  for (const { queue, queuedBytes } of lanes) {
    events += queue.length;
    bytes += queuedBytes;
  }
  return { events, bytes };
}
