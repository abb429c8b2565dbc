/**
 * Recurrence rules (RFC 5545, RRULE): which days and times a series has.
 *
 * A series is worked out in wall time, as people say it: "every day at 9:00" is 9:00 in summer and in winter. Only then
 * does the time zone make instants of it, so a time that the clocks skip is not lost but comes right after the gap.
 * Months without a 31st have no occurrence on the 31st, as the standard wants it. Who means the last day writes
 * `BYMONTHDAY=-1`; who means "the 31st, or the last day" writes `BYMONTHDAY=28,29,30,31;BYSETPOS=-1`.
 *
 * An occurrence is named by its wall time: `2026-03-29` or `2026-03-29T09:00`.
 */
import { RRuleTemporal } from "rrule-temporal";
import { DUE_YEAR_MAX } from "./due.ts";

/** Occurrences of one answer. */
export const OCCURRENCES_MAX = 1_000;
/** Periods that are looked through for an occurrence: a rule that never fits must end. */
const PERIODS_MAX = 10_000;

const WEEKDAY = "(?:MO|TU|WE|TH|FR|SA|SU)";
/** The parts that a rule may have. Hours and minutes are not among them: a task recurs daily or more rarely. */
const PARTS: Readonly<Record<string, RegExp>> = {
  FREQ: /^(?:DAILY|WEEKLY|MONTHLY|YEARLY)$/,
  INTERVAL: /^[1-9]\d{0,2}$/,
  COUNT: /^[1-9]\d{0,3}$/,
  UNTIL: /^\d{8}(?:T\d{6}Z?)?$/,
  BYDAY: new RegExp(`^(?:[+-]?[1-9]\\d?)?${WEEKDAY}(?:,(?:[+-]?[1-9]\\d?)?${WEEKDAY})*$`),
  BYMONTHDAY: listOf("[+-]?(?:[1-9]|[12]\\d|3[01])"),
  BYMONTH: listOf("(?:[1-9]|1[0-2])"),
  BYYEARDAY: listOf("[+-]?[1-9]\\d{0,2}"),
  BYWEEKNO: listOf("[+-]?(?:[1-9]|[1-4]\\d|5[0-3])"),
  BYSETPOS: listOf("[+-]?[1-9]\\d{0,2}"),
  WKST: new RegExp(`^${WEEKDAY}$`),
};

function listOf(item: string): RegExp {
  return new RegExp(`^${item}(?:,${item})*$`);
}

/** A rule, and where it counts from. */
export interface RuleFrom {
  readonly rule: string;
  readonly startDate: string;
  readonly startTime: string | null;
  readonly timeZone: string;
}

/** The name of the first occurrence. */
export function firstOf({ startDate, startTime }: RuleFrom): string {
  return startTime === null ? startDate : `${startDate}T${startTime}`;
}

/** What is wrong with a rule; `null` when nothing is. */
export function ruleProblem(from: RuleFrom): string | null {
  const parts = partsOf(from.rule);
  for (const [name, value] of parts) {
    const form = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (!form) return `has the part ${JSON.stringify(name)}; parts are ${Object.keys(PARTS).join(", ")}`;
    if (!form.test(value)) return `has a ${name} that cannot be: ${JSON.stringify(value)}`;
  }
  const names = parts.map(([name]) => name);
  if (new Set(names).size < names.length) return "has a part twice";
  if (!names.includes("FREQ")) return "has no FREQ";
  if (names.includes("COUNT") && names.includes("UNTIL")) return "has COUNT and UNTIL; it ends by one of them";
  try {
    compiled(from).next(wallOf(firstOf(from)), false);
    return null;
  } catch {
    return "is one that never occurs, or no recurrence rule";
  }
}

/** The occurrence after one; `null` after the last. */
export function occurrenceAfter(from: RuleFrom, occurrence: string): string | null {
  const next = compiled(from).next(wallOf(occurrence), false);
  return next && next.year <= DUE_YEAR_MAX ? nameOf(from, next) : null;
}

/** The occurrences from one day to another, both included; at most `OCCURRENCES_MAX`. */
export function occurrencesBetween(from: RuleFrom, first: string, last: string): string[] {
  const found = compiled(from).between(wallOf(first), wallOf(`${last}T23:59`), true);
  return found
    .filter(({ year }) => year <= DUE_YEAR_MAX)
    .slice(0, OCCURRENCES_MAX)
    .map((each) => nameOf(from, each));
}

/** The due date that an occurrence has by its rule. */
export function dueOf({ timeZone }: RuleFrom, occurrence: string) {
  const [date = "", time] = occurrence.split("T");
  return { date, time: time ?? null, timeZone };
}

function partsOf(rule: string): [name: string, value: string][] {
  return rule.split(";").map((part) => {
    const at = part.indexOf("=");
    return at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
  });
}

function compiled(from: RuleFrom): RRuleTemporal<Temporal.ZonedDateTime> {
  const until = partsOf(from.rule).find(([name]) => name === "UNTIL")?.[1];
  const rest = partsOf(from.rule).filter(([name]) => name !== "UNTIL");
  return new RRuleTemporal({
    rruleString: rest.map(([name, value]) => `${name}=${value}`).join(";"),
    dtstart: wallOf(firstOf(from)),
    ...(until === undefined ? {} : { until: untilOf(until, from.timeZone) }),
    temporal: Temporal,
    includeDtstart: true,
    maxIterations: PERIODS_MAX,
    cache: false,
  });
}

/** Wall time is counted in UTC, where no hour is missing or comes twice. */
function wallOf(wall: string): Temporal.ZonedDateTime {
  return Temporal.PlainDateTime.from(wall).toZonedDateTime("UTC");
}

/** A day means its end; an instant means the wall time that it has in the time zone of the series. */
function untilOf(until: string, timeZone: string): Temporal.ZonedDateTime {
  const [day = "", time = "235959"] = until.replace("Z", "").split("T");
  const wall = wallOf(`${day}T${time}`);
  return until.endsWith("Z") ? wallOf(wall.withTimeZone(timeZone).toPlainDateTime().toString()) : wall;
}

function nameOf({ startTime }: RuleFrom, wall: Temporal.ZonedDateTime): string {
  const day = wall.toPlainDate().toString();
  return startTime === null ? day : `${day}T${wall.toPlainTime().toString({ smallestUnit: "minute" })}`;
}
