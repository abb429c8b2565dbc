/**
 * Schedules: runs at their times, once in the fleet.
 *
 * Model. A schedule is one row of `work`, due at its next time. A run, and the move of that row to the time after it,
 * are one transaction; so two nodes cannot both make it, runs do not overlap, and a run that nobody made in time is
 * still there when a node comes. With `overlap`, the row moves before the run, and leaves behind a row for that run
 * alone. A run that keeps failing gives way to the next one: it is set aside as a dead letter when that is due.
 */
import { crc32 } from "node:zlib";
import type { OutboxStatement } from "../data/outbox.ts";
import type { ScheduleDefinition } from "../define/event.ts";
import { describeWhen, nextRun } from "../define/when.ts";
import { attempt, finish } from "../handle/attempt.ts";
import { meaningOf } from "../handle/failures.ts";
import type { Machinery, Run } from "../handle/run.ts";
import type { Do, WorkItem } from "../handle/work.ts";
import { writeTogether } from "../log/control.ts";
import { LANES } from "../migrate/index.ts";
import { madeUpFor } from "./next.ts";

/** The name of the row that moves along. */
const NEXT = "next";

const REGISTER = `insert into lineshaft.work as w (kind, target, lane, name, input, due_at)
  values ('schedule', $1, $2, '${NEXT}', $3, $4)
  on conflict (kind, target, name) where name is not null do update
  set input = excluded.input, due_at = excluded.due_at, revision = w.revision + 1, attempts = 0, error = null
  where w.input ->> 'when' is distinct from excluded.input ->> 'when'`;
const RESCHEDULE = "select lineshaft.reschedule($1, $2, $3, $4, $5)";
const ALONE = `insert into lineshaft.work (kind, target, lane, input, due_at) values ('schedule', $1, $2, $3, $4)`;
const DEAD = `insert into lineshaft.work (kind, target, lane, input, due_at, state, attempts, error, failed_at)
  values ('schedule', $1, $2, $3, $4, 'dead', $5, $6, now())`;

interface Input {
  /** The time that this run is for. */
  readonly due: string;
  /** What the row was made by; another declaration replaces it. */
  readonly when: string;
}

/** Makes a schedule known to the database. One that was declared otherwise before goes by the new times. */
export async function registerSchedule({ control, clock }: Machinery, schedule: ScheduleDefinition): Promise<void> {
  const due = nextRun(schedule.when, clock());
  if (due === null) return;
  const values = [schedule.name, laneOf(schedule), inputOf(schedule, due), due.toISOString()];
  await writeTogether(control, [{ text: REGISTER, values }] as const);
}

/** What makes the runs of a schedule. */
export function scheduleOf(machinery: Machinery, schedule: ScheduleDefinition, signal: AbortSignal): Do {
  return async (item) => {
    const due = new Date((item.input as Input).due);
    const now = machinery.clock();
    const isNext = item.name === NEXT;
    const made = isNext && item.attempts === 0 ? madeUpFor(schedule, due, now) : due;
    if (made?.getTime() !== due.getTime()) {
      // The row says which run it is, also to those who try it again: so it moves before the run.
      await writeTogether(machinery.control, [moveTo(schedule, item, made)]);
      return;
    }
    if (isNext && schedule.overlap) return leaveBehind(machinery, schedule, item);
    if (item.attempts === 0) machinery.metrics.scheduleLateSeconds.observe(Math.max(0, +now - +due) / 1_000);
    const next = nextRun(schedule.when, due);
    const after = () => moveTo(schedule, item, next);
    await attempt(machinery, {
      item,
      runnable: schedule,
      signal,
      scope: `${schedule.name}/${due.toISOString()}`,
      run: (run: Run) => schedule.run(run.context({ due })),
      end: ({ transaction }) => transaction.outbox.add(isNext ? after() : finish(item)),
      // A conflict with others says nothing against the run: it is made, however late.
      isFinal: (error, retryAt) =>
        isNext && next !== null && next <= retryAt && meaningOf(error, undefined) !== "again",
      ...(isNext ? { bury: (error: string) => [dead(item, error), after()] } : {}),
    });
  };
}

/** The next run may begin while this one is under way: this one gets a row of its own. */
async function leaveBehind(machinery: Machinery, schedule: ScheduleDefinition, item: WorkItem): Promise<void> {
  const { due } = item.input as Input;
  const now = machinery.clock();
  const values = [schedule.name, item.lane, JSON.stringify(item.input), now.toISOString()];
  await writeTogether(machinery.control, [
    moveTo(schedule, item, nextRun(schedule.when, new Date(due))),
    { text: ALONE, values },
  ] as const);
}

/** Has the row wait for another run; it ends when there is none. */
function moveTo(schedule: ScheduleDefinition, item: WorkItem, next: Date | null): OutboxStatement {
  if (next === null) return finish(item);
  const { row, id, revision } = item;
  return { text: RESCHEDULE, values: [row, id, revision, next.toISOString(), inputOf(schedule, next)] };
}

function dead({ target, lane, input, dueAt, attempts }: WorkItem, error: string): OutboxStatement {
  return { text: DEAD, values: [target, lane, JSON.stringify(input), dueAt.toISOString(), attempts + 1, error] };
}

function inputOf({ when }: ScheduleDefinition, due: Date): string {
  return JSON.stringify({ due: due.toISOString(), when: describeWhen(when) } satisfies Input);
}

function laneOf({ name }: ScheduleDefinition): number {
  return crc32(name) % LANES;
}
