/**
 * Lane: the events of one handler whose keys fall into it, one after the other.
 *
 * Model. A lane handles what waits in it in segments: some events that follow each other, in one transaction with the
 * move of the cursor behind them. A segment that fails is taken apart, and the event that fails alone goes to `work`,
 * in the transaction that moves the cursor past it, where it is tried again on its own; so do later events with its
 * key, which must not overtake it. The same way go events that take long, and all of a handler that does steps.
 * Safety. The cursor moves from where this lane believes it to be, or the transaction fails: whoever acts on an old
 * view has no effect, and looks again.
 */
import type { HandlerDefinition } from "../define/event.ts";
import type { StoredEvent } from "../log/event-log.ts";
import { CONFLICTS_MAX, conflictPause, errorText, meaningOf, retryMs } from "./failures.ts";
import { happened } from "./happened.ts";
import { type Machinery, Run, RunTimeout, within } from "./run.ts";
import { StepsNeeded } from "./steps.ts";

/** Events of one transaction, for handlers that get them one by one. */
export const SEGMENT_MAX = 100;
/** How long a segment may take; what takes longer alone is done on its own, beside the lane. */
export const SLOW_MS = 1_000;
/** The same for a handler of batches. */
export const SLOW_BATCH_MS = 5_000;
/** How long a handler that does steps, or was slow twice within that time, has all its events done beside the lane. */
const BESIDE_MS = 60_000;
/** Events of a lane that may wait in `work`; then the lane stops until some are done. */
export const PARKED_MAX = 1_000;
/** Events that wait in a lane in memory, or bytes of their payloads: then it is full, until half of them are done. */
export const LANE_QUEUED_MAX = 500;
export const LANE_QUEUED_BYTES_MAX = 524_288;

export const ADVANCE = "select lineshaft.advance($1, $2, $3, $4, $5)";
const PARK = `insert into lineshaft.work as w
    (kind, target, lane, key, position, event, week, due_at, state, attempts, error, failed_at)
  select 'handler', $1, $2, p.key, p.position, p.event, p.week, $7, $8, $9, $10,
    case when $10::text is null then null else now() end
  from unnest($3::text[], $4::bigint[], $5::bigint[], $6::date[]) with ordinality p(key, position, event, week, n)
  order by p.n
  on conflict (target, event) where event is not null do update
  set due_at = excluded.due_at, state = excluded.state, attempts = excluded.attempts, error = excluded.error,
    failed_at = excluded.failed_at, revision = w.revision + 1`;

/** What a handler's lanes share. */
export interface LaneHost {
  readonly machinery: Machinery;
  readonly definition: HandlerDefinition;
  /** Aborted when the node gives up what runs. */
  readonly signal: AbortSignal;
  /** Told that something waits in `work`. */
  readonly onParked: () => void;
}

/** A lane as the database knows it. */
export interface LaneState {
  readonly number: number;
  readonly term: string;
  readonly position: number;
  readonly blocked: Set<string>;
  readonly parked: number;
}

/** Whether the lane's view of the database was right. */
export type Outcome = "done" | "look again";

interface Failure {
  readonly error: string | null;
  readonly attempts: number;
}

export class Lane {
  readonly number: number;
  /** Of the log that its events are read from: another server may take over, which has others in their places. */
  readonly term: string;
  /** All up to here is handled, or is in `work`. */
  position: number;
  /** All up to here was put into the queue, if it was for this lane. */
  queuedTo: number;
  /** Whether nothing more is to be put into the queue for now. */
  isFull = false;
  /** Keys of events in `work`, which later ones must not overtake. */
  blocked: Set<string>;
  /** How many of its events wait in `work`. */
  parkedCount: number;
  isBusy = false;
  readonly #queue: StoredEvent[] = [];
  #queuedBytes = 0;
  readonly #host: LaneHost;
  /** Up to here events are handled one by one, because one of them failed or was slow. */
  #singlyTo = 0;
  #besideUntilMs = 0;
  #slowAtMs = Number.NEGATIVE_INFINITY;
  #conflicts = 0;

  constructor(host: LaneHost, at: LaneState) {
    this.#host = host;
    this.number = at.number;
    this.term = at.term;
    this.position = at.position;
    this.queuedTo = at.position;
    this.blocked = at.blocked;
    this.parkedCount = at.parked;
  }

  get queue(): readonly StoredEvent[] {
    return this.#queue;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether too many wait beside it. */
  get isHeld(): boolean {
    return this.parkedCount >= PARKED_MAX;
  }

  /** Puts the next event into the queue. */
  put(event: StoredEvent): void {
    this.#queue.push(event);
    this.queuedTo = event.position;
    this.#queuedBytes += event.payload.length;
    if (this.#isOver(1)) this.isFull = true;
  }

  /** Handles, or puts aside, some of what waits. */
  async next(): Promise<Outcome> {
    const [first] = this.#queue as [StoredEvent];
    // Asked once: the time may be over by the next look at the clock.
    const isBeside = performance.now() < this.#besideUntilMs;
    const parksOf = ({ key }: StoredEvent) => isBeside || (key !== null && this.blocked.has(key));
    const parks = parksOf(first);
    const segment: StoredEvent[] = [];
    for (const event of this.#queue) {
      if (segment.length >= this.#limitFor(event, parks) || parksOf(event) !== parks) break;
      segment.push(event);
    }
    if (parks) return this.#park(segment, { error: null, attempts: 0 });
    return this.#handle(segment);
  }

  #limitFor({ position }: StoredEvent, parks: boolean): number {
    if (parks) return Math.max(1, PARKED_MAX - this.parkedCount);
    return position <= this.#singlyTo ? 1 : this.#host.definition.batch || SEGMENT_MAX;
  }

  async #handle(segment: readonly StoredEvent[]): Promise<Outcome> {
    const { machinery, definition, signal } = this.#host;
    const to = segment.at(-1)!.position;
    const startedMs = performance.now();
    let run: Run | null = null;
    try {
      const ms = Math.min(definition.batch > 0 ? SLOW_BATCH_MS : SLOW_MS, definition.timeoutSeconds * 1_000);
      await within(definition.name, ms, signal, async (bound) => {
        run = new Run(machinery, definition, { attempt: 1, steps: null, signal: bound });
        await handleAll(definition, run, segment);
      });
      await this.#commit(run!, to);
    } catch (thrown) {
      (run as Run | null)?.transaction.rollback();
      return this.#failed(segment, thrown, (run as Run | null)?.transaction.failure);
    }
    this.#conflicts = 0;
    this.#moved(segment.length, to);
    machinery.metrics.handled.inc({ handler: definition.name, outcome: "handled" }, segment.length);
    machinery.metrics.handlerSeconds.observe({ handler: definition.name }, (performance.now() - startedMs) / 1_000);
    return "done";
  }

  async #failed(segment: readonly StoredEvent[], thrown: unknown, failure: unknown): Promise<Outcome> {
    const { machinery, definition, signal } = this.#host;
    if (signal.aborted) return "look again";
    const error = failure ?? thrown;
    if (error instanceof StepsNeeded) {
      this.#besideUntilMs = performance.now() + BESIDE_MS;
      return "done";
    }
    const meaning = meaningOf(thrown, failure);
    if (meaning === "moved" || meaning === "away") return "look again";
    if (meaning === "again" && this.#conflicts++ < CONFLICTS_MAX) {
      machinery.metrics.handled.inc({ handler: definition.name, outcome: "conflict" });
      if (this.#conflicts > 2) this.#singlyTo = segment.at(-1)!.position;
      await conflictPause(this.#conflicts, machinery.random);
      return "done";
    }
    if (segment.length > 1) {
      this.#singlyTo = segment.at(-1)!.position;
      return "done";
    }
    if (thrown instanceof RunTimeout) {
      const nowMs = performance.now();
      if (nowMs - this.#slowAtMs < BESIDE_MS) this.#besideUntilMs = nowMs + BESIDE_MS;
      this.#slowAtMs = nowMs;
      return this.#park(segment, { error: null, attempts: 0 });
    }
    tellFailure(machinery, definition, { id: segment[0]!.id, attempt: 1, error });
    return this.#park(segment, { error: errorText(error), attempts: 1 });
  }

  /** Moves the cursor past events that are in `work` then. */
  async #park(segment: readonly StoredEvent[], { error, attempts }: Failure): Promise<Outcome> {
    const { machinery, definition, signal, onParked } = this.#host;
    const run = new Run(machinery, parkingOf(definition), { attempt: 1, steps: null, signal });
    const isDead = attempts >= definition.attempts;
    const delayMs = attempts === 0 ? 0 : retryMs(attempts, machinery.random);
    const column = <K extends keyof StoredEvent>(key: K) => segment.map((event) => event[key]);
    const values = [
      ...[definition.name, this.number, column("key"), column("position"), column("id"), column("week")],
      ...[new Date(machinery.clock().getTime() + delayMs).toISOString(), isDead ? "dead" : "waiting", attempts, error],
    ];
    run.transaction.outbox.add({ text: PARK, values });
    const to = segment.at(-1)!.position;
    try {
      await this.#commit(run, to);
    } catch {
      run.transaction.rollback();
      return "look again";
    }
    if (!isDead) {
      this.parkedCount += segment.length;
      for (const { key } of segment) if (key !== null) this.blocked.add(key);
    }
    this.#moved(segment.length, to);
    onParked();
    return "done";
  }

  /** Values of `ADVANCE`. */
  advanceTo(to: number): unknown[] {
    return [this.#host.definition.name, this.number, this.position, to, this.term];
  }

  /** The cursor moves in the transaction of the effects. */
  async #commit(run: Run, to: number): Promise<void> {
    run.transaction.outbox.add({ text: ADVANCE, values: this.advanceTo(to) });
    await run.commit();
  }

  #moved(count: number, to: number): void {
    for (const { payload } of this.#queue.splice(0, count)) this.#queuedBytes -= payload.length;
    this.position = to;
    if (this.isFull && !this.#isOver(0.5)) this.isFull = false;
  }

  /** Whether at least a share of what may wait does. */
  #isOver(share: number): boolean {
    return this.#queue.length >= share * LANE_QUEUED_MAX || this.#queuedBytes >= share * LANE_QUEUED_BYTES_MAX;
  }
}

async function handleAll(definition: HandlerDefinition, run: Run, segment: readonly StoredEvent[]): Promise<void> {
  if (definition.batch > 0) {
    const events = segment.map((stored) => happened(definition.event, stored));
    return definition.run(run.context({ events }));
  }
  for (const stored of segment) {
    await definition.run(run.context({ event: happened(definition.event, stored) }));
    // What was caught by the handler, or not awaited, must not take others with it.
    if (run.transaction.failure !== undefined) throw run.transaction.failure;
  }
}

const parkings = new WeakMap<HandlerDefinition, HandlerDefinition>();
/** Putting aside conflicts with nobody. */
function parkingOf(definition: HandlerDefinition): HandlerDefinition {
  let parking = parkings.get(definition);
  if (!parking) parkings.set(definition, (parking = { ...definition, isolation: "read committed" }));
  return parking;
}

/** Tells of an attempt that failed, in the log and in the metrics. */
export function tellFailure(
  { log, metrics }: Machinery,
  { name, attempts }: Pick<HandlerDefinition, "name" | "attempts">,
  { id, attempt, error }: { readonly id: string; readonly attempt: number; readonly error: unknown },
): void {
  const isLast = attempt >= attempts;
  metrics.handled.inc({ handler: name, outcome: isLast ? "dead" : "failed" });
  const facts = { handler: name, event: id, attempt, attempts, err: error };
  if (isLast) log.error(facts, "a handler failed for the last time; its event is a dead letter");
  else log.warn(facts, "a handler failed and is tried again");
}
