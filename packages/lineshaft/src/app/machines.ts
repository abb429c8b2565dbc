/**
 * Machines: everything on this node that runs without a caller: handlers, schedules, commands for later, and the giving
 * of positions to events.
 *
 * States. `off → starting → on → closing → off`, once. An app that declares no events and no schedules starts nothing
 * until a command asks for something later, here or on another node, or has asked before.
 * Stop. Nothing new begins; what handlers have begun ends, and the node leaves the fleet, so others take over at once.
 * Runs that take longer, such as steps, get `RUNS_MS` more; after that they are given up, and another node makes them.
 */
import { setTimeout as delay } from "node:timers/promises";
import { targetOf } from "../call/stated.ts";
import { type Connection, Pool } from "../data/pool.ts";
import type { Declarations } from "../define/declarations.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import type { FileStore } from "../engines/files.ts";
import { besideOf } from "../handle/beside.ts";
import { BEAT_MS, Fleet, type Target } from "../handle/fleet.ts";
import { Handler } from "../handle/handler.ts";
import { ADVANCE, type Lane } from "../handle/lane.ts";
import { Orderer } from "../handle/orderer.ts";
import type { Machinery } from "../handle/run.ts";
import { Tail } from "../handle/tail.ts";
import { Turns } from "../handle/turns.ts";
import { COMMANDS, type Do, Work } from "../handle/work.ts";
import type { Change } from "../log/changes.ts";
import { openControl, writeTogether } from "../log/control.ts";
import { type EventId, EventLog } from "../log/event-log.ts";
import { parsePosition } from "../log/position.ts";
import type { Relay } from "../log/relay.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { laterOf } from "../schedule/later.ts";
import { registerSchedule, scheduleOf } from "../schedule/schedules.ts";
import { hasUploads, sweepFiles } from "./files.ts";
import { KEEP_DAYS_DEFAULT, KEEP_MS, keepEvents } from "./retention.ts";

/**
 * Sessions of lanes, of runs beside them, and of the platform's own statements. Runs have more than one target may
 * have at a time (`TARGET_MAX`): one that hangs with all of its sessions leaves some to the others.
 */
export const LANE_SESSIONS = 4;
export const RUN_SESSIONS = 12;
export const CONTROL_SESSIONS = 3;
/** How long a stop waits for lanes, which end soon, and for runs. */
export const LANES_MS = 2_000;
export const RUNS_MS = 10_000;
/** How often a node on which nothing runs looks whether something is to be run. */
const WATCH_MS = 5_000;
/** How often the cursors of lanes with nothing to do follow the log. */
const IDLE_MS = 10_000;
/**
 * How often lanes look whether others set them back, or did what they stand still for, and whether another server has
 * taken over: they would not notice.
 */
const REPLAY_MS = 2_000;

const SET_BACK = `select c.handler, c.lane
  from unnest($1::text[], $2::smallint[], $3::bigint[], $4::text[]) b(handler, lane, position, term)
    join lineshaft.cursor c on c.handler = b.handler and c.lane = b.lane
  where c.position < b.position or b.term <> lineshaft.term()`;

export interface MachinesOptions {
  readonly connection: Connection;
  readonly declarations: Declarations;
  readonly metrics: Metrics;
  readonly relay: Relay | null;
  readonly files: FileStore;
  readonly broadcast: Machinery["broadcast"];
  readonly log: Logger;
  readonly clock: () => Date;
  readonly random: () => number;
  /** How long events are kept at least. */
  readonly keepDays?: number;
}

export class Machines implements AsyncDisposable {
  readonly #options: MachinesOptions;
  #running: Promise<Running> | null = null;
  #on: Running | null = null;
  #watch: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: MachinesOptions) {
    this.#options = options;
  }

  /** Begins, if there is anything to do. */
  async start(pool: Pool): Promise<void> {
    const { events, handlers, schedules } = this.#options.declarations;
    const isDeclared = events.length + handlers.length + schedules.length > 0 || hasUploads(this.#options.declarations);
    if (isDeclared || (await hasWork(pool))) return this.#start();
    this.#watch = setInterval(() => this.#startForOthers(pool).catch(() => {}), WATCH_MS).unref();
  }

  /** Another node may have been asked for something later, and be gone by then. */
  async #startForOthers(pool: Pool): Promise<void> {
    if (this.#running === null && (await hasWork(pool)) && !this.#isClosed) await this.#start();
  }

  /** A command of this node has committed, and has stated something. */
  stated(): void {
    if (this.#on !== null) this.#on.stated();
    else if (!this.#isClosed) this.#start().catch((error) => this.#options.log.error({ err: error }, "cannot start"));
  }

  /** Whether all events are handled, and nothing is due; takes up what is. For tests. */
  async isSettled(): Promise<boolean> {
    const running = await this.#running;
    return (await running?.isSettled()) ?? true;
  }

  /** Brings the gauges up to date. */
  async measure(): Promise<void> {
    await this.#on?.measure();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watch);
    const running = await this.#running?.catch(() => null);
    await running?.close();
  }

  async #start(): Promise<void> {
    this.#running ??= Running.start(this.#options).then((running) => {
      clearInterval(this.#watch);
      return (this.#on = running);
    });
    await this.#running.catch((error) => {
      this.#running = null;
      throw error;
    });
  }
}

async function hasWork(pool: Pool): Promise<boolean> {
  const session = await pool.acquire();
  const asked = session.query({ text: "select from lineshaft.work limit 1" });
  const { rowCount } = await asked.finally(() => pool.release(session));
  return rowCount === 1;
}

class Running {
  readonly #options: MachinesOptions;
  readonly #resources = new AsyncDisposableStack();
  readonly #closing = new AbortController();
  readonly #givingUp = new AbortController();
  readonly #control: Pool;
  readonly #log: EventLog;
  readonly #fleet: Fleet;
  readonly #orderer: Orderer;
  readonly #work: Work;
  readonly #machinery: Machinery;
  readonly #turns = new Turns(LANE_SESSIONS);
  #handlers: readonly Handler[] = [];

  private constructor(options: MachinesOptions) {
    this.#options = options;
    const { connection, metrics, declarations, files, broadcast, log, clock, random } = options;
    const pool = (size: number) => this.#resources.use(new Pool({ connection, metrics, size }));
    this.#control = this.#resources.use(openControl({ connection, metrics, size: CONTROL_SESSIONS }));
    const shared = { metrics, files, broadcast, log, clock, random };
    this.#machinery = { pool: pool(RUN_SESSIONS), control: this.#control, ...shared };
    this.#log = new EventLog(this.#control);
    this.#fleet = new Fleet(this.#control, targetsOf(declarations), () => this.#onFleet());
    this.#orderer = new Orderer({
      log: this.#log,
      logger: log,
      leads: () => this.#fleet.leads,
      hears: () => options.relay?.state === "streaming",
      hasHeard: (lsn) => options.relay !== null && options.relay.position >= parsePosition(lsn),
      wasTold: (xid) => options.relay?.wasTold(xid) ?? false,
      onHead: () => this.#feed(),
    });
    this.#work = new Work({ machinery: this.#machinery, fleet: this.#fleet, ...this.#doables() });
  }

  static async start(options: MachinesOptions): Promise<Running> {
    const running = new Running(options);
    try {
      await running.#start();
      return running;
    } catch (error) {
      await running.#resources.disposeAsync();
      throw error;
    }
  }

  stated(): void {
    if (this.#options.relay?.state === "streaming") return;
    this.#orderer.sweep();
    this.#work.look();
  }

  async isSettled(): Promise<boolean> {
    await this.#followReplays();
    await this.#orderer.settle();
    this.#work.look();
    const { head } = this.#orderer;
    if (!this.#handlers.every((handler) => handler.isThrough(head)) || !(await this.#work.isDone())) return false;
    // What was done meanwhile may have stated events.
    await this.#orderer.settle();
    return this.#orderer.head === head;
  }

  async measure(): Promise<void> {
    const { metrics, clock } = this.#options;
    metrics.eventsPlaced.set(this.#orderer.head);
    metrics.fleetNodes.set(this.#fleet.size);
    metrics.fleetLeads.set(this.#fleet.leads ? 1 : 0);
    for (const handler of this.#handlers) {
      const { events, seconds } = handler.lag(this.#orderer.head, clock().getTime());
      const labels = { handler: handler.definition.name };
      metrics.handlerLagEvents.set(labels, events);
      metrics.handlerLagSeconds.set(labels, seconds);
    }
    const text = "select target, state, count(*)::integer as count from lineshaft.work group by target, state";
    const [{ rows }] = await writeTogether(this.#control, [{ text }] as const);
    metrics.work.reset();
    for (const { target, state, count } of rows as { target: string; state: string; count: number }[]) {
      metrics.work.set({ target, state }, count);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("The node stops."));
    const handlers = Promise.all(this.#handlers.map((handler) => handler.ended()));
    const runs = this.#work.ended();
    await Promise.race([handlers, delay(LANES_MS, undefined, { ref: false })]);
    await this.#orderer.close();
    await this.#fleet.leave().catch(() => {});
    await Promise.race([Promise.all([handlers, runs]), delay(RUNS_MS, undefined, { ref: false })]);
    this.#givingUp.abort(new Error("The node stops."));
    await Promise.all([handlers, runs]);
    await this.#resources.disposeAsync();
  }

  async #start(): Promise<void> {
    const { declarations, relay, log, keepDays = KEEP_DAYS_DEFAULT } = this.#options;
    // Whoever reads the tables for long keeps weeks from being made and dropped, but no app from starting.
    await keepEvents(this.#control, keepDays).catch((error) => log.warn({ err: error }, "weeks could not be kept yet"));
    const head = await this.#log.head();
    const tail = new Tail(this.#log, head);
    this.#handlers = declarations.handlers.map((definition) => this.#handlerOf(definition, tail));
    for (const handler of this.#handlers) await handler.register();
    for (const schedule of declarations.schedules) await registerSchedule(this.#machinery, schedule);
    if (relay !== null) {
      this.#resources.defer(relay.subscribePlatform(this.#consumer()));
      relay.start();
    }
    this.#orderer.start(head);
    this.#resources.defer(() => this.#orderer.close());
    await this.#fleet.beat();
    this.#every(BEAT_MS, () => this.#fleet.beat());
    this.#every(IDLE_MS, () => this.#followIdle());
    this.#every(REPLAY_MS, () => this.#followReplays());
    this.#every(KEEP_MS, async () => {
      // Who is seen keeps the events that he has not handled yet.
      for (const handler of this.#handlers) await handler.register();
      if (this.#fleet.leads) await keepEvents(this.#control, keepDays);
      if (this.#fleet.leads && hasUploads(declarations)) await sweepFiles(this.#control, this.#options);
    });
  }

  #handlerOf(definition: Declarations["handlers"][number], tail: Tail): Handler {
    return new Handler({
      machinery: { ...this.#machinery, pool: this.#lanePool },
      definition,
      tail,
      turns: this.#turns,
      head: () => this.#orderer.head,
      closing: this.#closing.signal,
      signal: this.#givingUp.signal,
      owns: (lane) => this.#fleet.owns(definition.name, lane),
      onParked: () => this.#work.look(),
    });
  }

  /** Lanes have sessions of their own: runs that take long do not hold them up. */
  get #lanePool(): Pool {
    const { connection, metrics } = this.#options;
    return (this.#lanes ??= this.#resources.use(new Pool({ connection, metrics, size: LANE_SESSIONS })));
  }
  #lanes: Pool | null = null;

  /** What this node can do one by one. */
  #doables(): {
    readonly closing: AbortSignal;
    readonly targets: ReadonlyMap<string, Do>;
    readonly commands: readonly string[];
  } {
    const machinery = this.#machinery;
    const { handlers, schedules, endpoints } = this.#options.declarations;
    const signal = this.#givingUp.signal;
    const targets = new Map<string, Do>();
    for (const definition of handlers) {
      const onReleased = (lane: number, key: string | null) =>
        this.#handlers.find((handler) => handler.definition === definition)?.released(lane, key);
      targets.set(definition.name, besideOf({ machinery, definition, signal, onReleased }));
    }
    for (const schedule of schedules) targets.set(schedule.name, scheduleOf(machinery, schedule, signal));
    const commands = commandsOf(endpoints.map(({ endpoint }) => endpoint));
    for (const [target, endpoint] of commands) targets.set(target, laterOf(machinery, endpoint, target, signal));
    return { closing: this.#closing.signal, targets, commands: [...commands.keys()] };
  }

  #onFleet(): void {
    for (const handler of this.#handlers) handler.share();
    this.#orderer.sweep();
    this.#work.look();
  }

  #feed(): void {
    for (const handler of this.#handlers) handler.feed();
  }

  #consumer(): Parameters<Relay["subscribePlatform"]>[0] {
    const again = () => {
      this.#orderer.sweep();
      this.#work.look();
    };
    return {
      commit: ({ changes }) => this.#heard(changes),
      reset: again,
      lost: again,
      resumed: again,
    };
  }

  /** What the log of the database tells of the platform's own tables. */
  #heard(changes: readonly Change[]): void {
    const events: EventId[] = [];
    for (const { table, kind, new: row } of changes) {
      const value = (column: string) => row![table.columns.findIndex(({ name }) => name === column)]!;
      if (table.name === "event" && kind === "insert") events.push({ id: value("id"), week: value("week") });
      else if (table.name === "head" && kind === "update") this.#orderer.moved(Number(value("position")));
      else if (table.name === "work" && kind === "insert") this.#work.look();
      else if (table.name === "node" && kind !== "update") this.#fleet.beat().catch(() => {});
    }
    if (events.length > 0) this.#orderer.heard(events);
  }

  async #followIdle(): Promise<void> {
    const idle: { readonly handler: Handler; readonly lane: Lane; readonly to: number }[] = [];
    for (const handler of this.#handlers) for (const each of handler.idle()) idle.push({ handler, ...each });
    for (const { handler, lane, to } of idle) {
      // While others were moved, it may have gone on by itself: a cursor never goes back.
      if (lane.isBusy || lane.queue.length > 0 || lane.position >= to) continue;
      lane.isBusy = true;
      try {
        await writeTogether(this.#control, [
          { text: ADVANCE, name: "ls_advance", values: lane.advanceTo(to) },
        ] as const);
        lane.position = to;
        lane.isBusy = false;
        handler.resume(lane);
      } catch {
        lane.isBusy = false;
        handler.look(lane.number);
      }
    }
  }

  async #followReplays(): Promise<void> {
    for (const handler of this.#handlers) handler.lookAtHeld();
    const believed = this.#handlers.flatMap((handler) =>
      handler
        .believed()
        .map(({ number, position, term }) => [handler.definition.name, number, position, term] as const),
    );
    if (believed.length === 0) return;
    const values = [0, 1, 2, 3].map((column) => believed.map((each) => each[column]));
    const [{ rows }] = await writeTogether(this.#control, [{ text: SET_BACK, name: "ls_set_back", values }] as const);
    for (const { handler: name, lane } of rows as { readonly handler: string; readonly lane: number }[]) {
      this.#handlers.find(({ definition }) => definition.name === name)?.look(lane);
    }
  }

  #every(ms: number, work: () => Promise<void>): void {
    const timer = setInterval(() => {
      if (this.#closing.signal.aborted) return;
      work().catch((error) => this.#options.log.debug({ err: error }, "not possible yet"));
    }, ms).unref();
    this.#closing.signal.addEventListener("abort", () => clearInterval(timer));
  }
}

function targetsOf({ handlers, schedules }: Declarations): readonly Target[] {
  return [
    ...handlers.map(({ name, event }) => ({ name, version: event.version })),
    ...schedules.map(({ name }) => ({ name, version: 0 })),
    { name: COMMANDS, version: 0 },
  ];
}

function commandsOf(endpoints: readonly EndpointDefinition[]): ReadonlyMap<string, EndpointDefinition> {
  const commands = endpoints.filter(({ kind }) => kind === "command");
  return new Map(commands.map((command) => [targetOf(command), command]));
}
