/** Next: which run of a schedule is made, where runs were missed. */
import type { ScheduleDefinition } from "../define/event.ts";
import { nextRun, type When } from "../define/when.ts";

/** With `missed: "skip"`, what is later than this is not made up for. */
export const LATE_MS = 60_000;

/** Spans before now in which the last run is looked for: the first that holds one holds few. */
const SPANS_MS = [60_000, 3_600_000, 86_400_000, 31 * 86_400_000, 366 * 86_400_000, 10 * 366 * 86_400_000];

/**
 * Which run is made now that the one of `due` is: that one, or a later one in its place, where several were missed.
 * `null`: none, for ever. May lie after `now`: then none is made now.
 */
export function madeUpFor(
  { when, missed }: Pick<ScheduleDefinition, "when" | "missed">,
  due: Date,
  now: Date,
): Date | null {
  if (missed === "all") return due;
  const last = lastRun(when, due, now) ?? due;
  return missed === "once" || now.getTime() - last.getTime() <= LATE_MS ? last : nextRun(when, now);
}

/** The last run after one instant and up to another; `null` when there is none. */
function lastRun(when: When, after: Date, until: Date): Date | null {
  for (const spanMs of SPANS_MS) {
    let last: Date | null = null;
    const from = new Date(Math.max(after.getTime(), until.getTime() - spanMs));
    for (let run = nextRun(when, from); run !== null && run <= until; run = nextRun(when, run)) last = run;
    if (last !== null || from.getTime() === after.getTime()) return last;
  }
  return null;
}
