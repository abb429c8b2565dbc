/** What `lineshaft events` reads: an overview, lists of work, one event, one piece of work. Writes nothing. */
import type pg from "pg";
import { ALIVE, rowsOf, SILENT_SECONDS, type Target, targetsOf, together } from "./events-database.ts";

/** Positions that are looked at to tell how far one handler is behind. */
export const SPAN = 100_000;
/** Events without a position that are counted. */
export const UNPLACED_MAX = 10_000;

export interface LogState {
  /** Position of the newest event, and of the oldest one that is kept; `null` while there is none. */
  readonly end: string;
  readonly oldest: string | null;
  /** Events that have no position yet, at most `UNPLACED_MAX`. */
  readonly unplaced: number;
}

export interface NodeState {
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly handlers: number;
  readonly schedules: number;
  /** Whether it gives events their positions. */
  readonly leads: boolean;
}

/** How far a handler is behind. */
interface Behind {
  /** Events of its name that it has not come to. */
  readonly events: number;
  readonly oldestAt: Date | null;
  /** Whether all were looked at; else there may be more. */
  readonly isAll: boolean;
}

/** Work of one target. */
interface WorkState {
  readonly waiting: number;
  /** Of these, those that have failed before. */
  readonly retries: number;
  readonly dead: number;
  readonly nextDueAt: Date | null;
  readonly lastError: string | null;
}

const NO_WORK: WorkState = { waiting: 0, retries: 0, dead: 0, nextDueAt: null, lastError: null };

export type TargetState = Target & WorkState & { readonly behind: Behind | null };

export interface Overview {
  readonly log: LogState;
  readonly nodes: readonly NodeState[];
  readonly targets: readonly TargetState[];
}

const LOG = `select h.position::text as end, (select min(position)::text from lineshaft.log) as oldest,
    (select count(*)::integer from (
      select from lineshaft.event e where e.xid >= h.swept_xid
        and not exists (select from lineshaft.log l where l.event = e.id and l.week = e.week)
      limit ${UNPLACED_MAX}) u) as unplaced
  from lineshaft.head h`;

const NODES = `select n.host, n.pid, n.started_at as "startedAt", n.targets,
    row_number() over (order by n.started_at, n.id) = 1 as leads
  from lineshaft.node n where ${ALIVE} order by n.started_at, n.id`;

const WORK = `select target, count(*) filter (where state = 'waiting')::integer as waiting,
    count(*) filter (where state = 'waiting' and attempts > 0)::integer as retries,
    count(*) filter (where state = 'dead')::integer as dead,
    min(due_at) filter (where state = 'waiting') as "nextDueAt",
    (array_agg(error order by failed_at desc, id desc) filter (where error is not null))[1] as "lastError"
  from lineshaft.work group by target`;

/** From the lane that is furthest behind, or the oldest event that is kept. An array, for one pass over the log. */
const BEHIND = `select h.name, b.events, b."oldestAt", d.position <= f.position + ${SPAN} as "isAll"
  from lineshaft.handler h cross join lineshaft.head d
  cross join lateral (
    select greatest(min(c.position), (select min(l.position) - 1 from lineshaft.log l)) as position,
      array_agg(c.position order by c.lane) as lanes
    from lineshaft.cursor c where c.handler = h.name) f
  cross join lateral (
    select count(*)::integer as events, min(e.at) as "oldestAt"
    from lineshaft.log l join lineshaft.event e on e.id = l.event and e.week = l.week
    where l.position > f.position and l.position <= f.position + ${SPAN}
      and e.name = h.event and l.position > f.lanes[e.lane + 1]) b
  where $1::text is null or h.name = $1`;

/** The server cannot know that few positions are asked for, and would read all events for each handler. */
const BY_INDEX = ["seqscan", "bitmapscan", "hashjoin", "mergejoin"]
  .map((way) => `set local enable_${way} = off;`)
  .join("");

/** All there is, or what there is of one target. */
export async function overviewOf(client: pg.Client, only: string | null): Promise<Overview> {
  const targets = await targetsOf(client);
  const works = await rowsOf<WorkState & { target: string }>(client, WORK);
  const { log, behinds } = await together(client, async () => {
    await client.query(BY_INDEX);
    const [state] = await rowsOf<LogState>(client, LOG);
    return { log: state!, behinds: await rowsOf<Behind & { name: string }>(client, BEHIND, [only]) };
  });
  const states = targets
    .filter(({ name }) => only === null || name === only)
    .map((target): TargetState => {
      const { target: _, ...work } = works.find((each) => each.target === target.name) ?? { target: "", ...NO_WORK };
      const behind = behinds.find(({ name }) => name === target.name);
      if (behind === undefined) return { ...target, ...work, behind: null };
      const { name: __, ...far } = behind;
      return { ...target, ...work, behind: far };
    });
  return { log, nodes: await nodesOf(client, targets), targets: states };
}

async function nodesOf(client: pg.Client, targets: readonly Target[]): Promise<NodeState[]> {
  const count = (kind: Target["kind"], names: ReadonlySet<string>) =>
    targets.filter((target) => target.kind === kind && names.has(target.name)).length;
  const found = await rowsOf<Omit<NodeState, "handlers" | "schedules"> & { targets: string[] }>(client, NODES, [
    SILENT_SECONDS,
  ]);
  return found.map(({ targets: texts, ...node }) => {
    const names = new Set(texts.map((text) => text.replace(/@\d+$/, "")));
    return { ...node, handlers: count("handler", names), schedules: count("schedule", names) };
  });
}

/** One piece of work, as a list tells it. */
export interface WorkRow {
  readonly id: string;
  readonly kind: Target["kind"];
  readonly target: string;
  readonly event: string | null;
  readonly key: string | null;
  readonly name: string | null;
  readonly state: "waiting" | "dead";
  readonly attempts: number;
  readonly dueAt: Date;
  readonly failedAt: Date | null;
  readonly error: string | null;
}

const ROW = `'w' || w.id as id, w.kind, w.target, w.event::text as event, w.key, w.name, w.state, w.attempts,
    w.due_at as "dueAt", w.failed_at as "failedAt", w.error`;

const LIST = `select ${ROW} from lineshaft.work w
  where w.state = $1 and ($2::text is null or w.target = $2) and w.id > $3 order by w.id limit $4`;

export interface ListOptions {
  readonly state: WorkRow["state"];
  readonly target: string | null;
  /** The number of the last one of the page before. */
  readonly after: string;
  readonly limit: number;
}

/** A page of work, oldest first. */
export async function listOf(
  client: pg.Client,
  { state, target, after, limit }: ListOptions,
): Promise<{ readonly rows: readonly WorkRow[]; readonly isLast: boolean }> {
  const rows = await rowsOf<WorkRow>(client, LIST, [state, target, after, limit + 1]);
  return { rows: rows.slice(0, limit), isLast: rows.length <= limit };
}

/** A recorded step. */
export interface StepRow {
  readonly name: string;
  readonly result: unknown;
  readonly at: string;
}

const steps = (scope: string): string => `(
    select coalesce(json_agg(json_build_object('name', s.name, 'result', s.result, 'at', s.at) order by s.at), '[]')
    from lineshaft.step s where s.scope = ${scope}) as steps`;

/** How an event stands with one of its handlers. */
export interface HandlerState {
  readonly handler: string;
  readonly state: "handled" | "not yet" | "waiting" | "dead";
  /** Id of what waits, or is dead. */
  readonly work: string | null;
  readonly attempts: number;
  readonly dueAt: Date | null;
  readonly error: string | null;
  readonly steps: readonly StepRow[];
}

export interface EventState {
  readonly id: string;
  readonly position: string | null;
  readonly name: string;
  readonly version: number;
  readonly key: string | null;
  readonly at: Date;
  readonly payload: unknown;
  readonly handlers: readonly HandlerState[];
}

const EVENT = `select e.id::text as id, l.position::text as position, e.name, e.version, e.key, e.at, e.payload
  from lineshaft.event e left join lineshaft.log l on l.event = e.id and l.week = e.week where e.id = $1`;

const HANDLERS = `select h.name as handler, 'w' || w.id as work, coalesce(w.attempts, 0) as attempts,
    w.due_at as "dueAt", w.error,
    case when w.state is not null then w.state when c.position >= l.position then 'handled' else 'not yet' end as state,
    ${steps("h.name || '/' || e.id")}
  from lineshaft.event e join lineshaft.handler h on h.event = e.name
    left join lineshaft.log l on l.event = e.id and l.week = e.week
    left join lineshaft.cursor c on c.handler = h.name and c.lane = e.lane
    left join lineshaft.work w on w.target = h.name and w.event = e.id
  where e.id = $1 order by h.name`;

/** An event, and how it stands with each of its handlers; `null` when it is not there. */
export async function eventOf(client: pg.Client, id: string): Promise<EventState | null> {
  const [event] = await rowsOf<Omit<EventState, "handlers">>(client, EVENT, [id]);
  return event === undefined ? null : { ...event, handlers: await rowsOf<HandlerState>(client, HANDLERS, [id]) };
}

export interface WorkDetails extends WorkRow {
  readonly createdAt: Date;
  readonly position: string | null;
  /** Of a handler, the payload of its event; else what the schedule or the command is given. */
  readonly input: unknown;
  /** Who a command runs as. */
  readonly actor: { readonly kind: string; readonly id: string | null } | null;
  readonly steps: readonly StepRow[];
}

/** As `handle/work.ts` has it. */
const WORK_SCOPE = "w.target || '/' || coalesce(w.event::text, w.input ->> 'due', '')";

const DETAILS = `select ${ROW}, w.created_at as "createdAt", w.position::text as position,
    case w.kind when 'handler' then e.payload else w.input end as input,
    case when w.actor is not null then json_build_object('kind', w.actor -> 'kind', 'id', w.actor -> 'id') end as actor,
    ${steps(WORK_SCOPE)}
  from lineshaft.work w left join lineshaft.event e on e.id = w.event and e.week = w.week where w.id = $1`;

/** A piece of work; `null` when it is not there. */
export async function workOf(client: pg.Client, id: string): Promise<WorkDetails | null> {
  return (await rowsOf<WorkDetails>(client, DETAILS, [id]))[0] ?? null;
}
