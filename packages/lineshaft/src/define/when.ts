/**
 * When a schedule runs: by a cron expression in a time zone, or at a fixed interval.
 *
 * Model. Both are a grid of instants that depends on the declaration alone, so every node computes the same ones, and a
 * restart moves nothing: intervals are counted from 1970-01-01T00:00Z, cron goes by the wall clock of its zone.
 * Clock changes. A run at fixed times of the day (no `*` and no step in second, minute and hour) happens once a day: a
 * time that the change leaves out runs as soon as the clock has jumped, one that comes twice runs the first time. What
 * runs by `*` or steps is an interval: it goes on through the hour that comes twice, and what the jump leaves out did
 * not take place.
 * Limits. Seconds are the finest step. An interval is `EVERY_MS_MIN` to `EVERY_MS_MAX`.
 */
import { Cron, type CronOptions } from "croner";
import { oneOf, shown } from "./check-inspection.ts";
import { didYouMean } from "./suggest.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The shortest interval. */
export const EVERY_MS_MIN = SECOND_MS;
/** The longest interval: what is rarer says the day itself, by cron. */
export const EVERY_MS_MAX = 366 * DAY_MS;

const UNITS = { day: DAY_MS, hour: HOUR_MS, minute: MINUTE_MS, second: SECOND_MS } as const;
type Unit = keyof typeof UNITS;
const EVERY = /^(\d+)(?: ?([smhd])| (second|minute|hour|day)s?)$/;

/** An interval: `"5 minutes"`, `"30 seconds"`, `"1 hour"`, `"2 days"`; in short `"5m"`; or a number of milliseconds. */
export type Every = number | `${number} ${Unit | `${Unit}s`}` | `${number}${"s" | "m" | "h" | "d"}`;

/**
 * When a schedule runs.
 *
 * `cron` has five fields: minute, hour, day of month, month, day of week; a sixth in front is the second. Names
 * (`MON-FRI`, `JAN`), `L` (last), `15W` (the weekday nearest to the 15th), `FRI#2` (the second Friday) and nicknames
 * (`@daily`) are known. `timeZone` is a name such as `"Europe/Berlin"`; default `"UTC"`.
 *
 * `every` counts from 1970-01-01T00:00Z, so `"1 hour"` is each full hour, and `"1 day"` midnight in UTC.
 */
export type When =
  | { readonly cron: string; readonly timeZone?: string | undefined; readonly every?: undefined }
  | { readonly every: Every; readonly cron?: undefined; readonly timeZone?: undefined };

/** What is wrong with a `When`, and the way out. */
export interface WhenMistake {
  readonly problem: string;
  readonly wayOut: string;
}

const WAYS = 'Write { cron: "0 3 * * *", timeZone: "Europe/Berlin" } or { every: "5 minutes" }.';
const EVERY_WAY_OUT =
  'Write a whole number and a unit: "30 seconds", "5 minutes", "1 hour", "2 days", in short "5m"; or milliseconds.';
const NICKNAMES: readonly string[] = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"];
/** The fields of six; five have none for the second. */
const FIELDS = [
  { name: "second", takes: "0-59" },
  { name: "minute", takes: "0-59" },
  { name: "hour", takes: "0-23" },
  { name: "day of month", takes: "1-31, L (the last), 15W (the weekday nearest to the 15th)" },
  { name: "month", takes: "1-12 or JAN-DEC" },
  { name: "day of week", takes: "0-7 or SUN-SAT, FRI#2 (the second Friday), FRI#L (the last)" },
] as const;
/** `timezone` would be left aside silently, and the run be hours off. */
const WORDS: readonly string[] = ["cron", "timeZone", "every"];
/** Where the search for a run that never comes begins: the answer must not depend on today. */
const SEARCH_FROM = new Date("2000-01-01T00:00:00Z");

/**
 * What is wrong with a `When`, or `null`.
 *
 * @example
 * checkWhen({ cron: "0 24 * * *" })?.problem; // 'the hour of cron "0 24 * * *" is "24"'
 */
export function checkWhen(when: When): WhenMistake | null {
  const unknown = Object.keys(when).find((word) => !WORDS.includes(word));
  if (unknown !== undefined) return { problem: `it has ${shown(unknown)}`, wayOut: oneOf(unknown, WORDS) };
  const { cron, every, timeZone }: { cron?: unknown; every?: unknown; timeZone?: unknown } = when;
  if (cron === undefined && every === undefined) return { problem: "neither cron nor every is given", wayOut: WAYS };
  if (cron !== undefined && every !== undefined) return { problem: "both cron and every are given", wayOut: WAYS };
  if (every !== undefined) return checkEvery(every, timeZone);
  if (typeof cron !== "string") return { problem: `cron is ${shown(cron)}`, wayOut: WAYS };
  return checkCron(cron) ?? checkTimeZone(timeZone) ?? checkComes(cron);
}

function checkEvery(every: unknown, timeZone: unknown): WhenMistake | null {
  const ms = everyMs(every);
  if (ms === null) return { problem: `every is ${shown(every)}`, wayOut: EVERY_WAY_OUT };
  if (ms < EVERY_MS_MIN) {
    return { problem: `every is ${shown(every)}`, wayOut: "The shortest interval is 1 second (1000 milliseconds)." };
  }
  if (ms > EVERY_MS_MAX) {
    const wayOut = `The longest interval is ${EVERY_MS_MAX / DAY_MS} days. For what is rarer say the day: cron.`;
    return { problem: `every is ${shown(every)}`, wayOut };
  }
  if (timeZone === undefined) return null;
  const wayOut = 'An interval knows no time zone: leave it out, or take cron, such as "0 3 * * *".';
  return { problem: `timeZone is ${shown(timeZone)} beside every`, wayOut };
}

function checkCron(cron: string): WhenMistake | null {
  const trimmed = cron.trim();
  if (trimmed.startsWith("@")) {
    if (NICKNAMES.includes(trimmed.toLowerCase())) return null;
    const near = didYouMean(trimmed, NICKNAMES);
    const hint = near === null ? "" : `Did you mean "${near}"? `;
    const wayOut = `${hint}Nicknames are ${NICKNAMES.join(", ")}; else write fields: "0 3 * * *".`;
    return { problem: `cron is ${shown(cron)}`, wayOut };
  }
  const fields = trimmed === "" ? [] : trimmed.split(/\s+/);
  const offset = FIELDS.length - fields.length;
  if (offset !== 0 && offset !== 1) {
    const wayOut =
      'Write five: minute, hour, day of month, month, day of week, as in "0 3 * * *"; a sixth in front is the second.';
    return { problem: `cron ${shown(cron)} has ${fields.length} fields`, wayOut };
  }
  for (const [index, field] of fields.entries()) {
    // Each field is read with all others open, so the message can name the one that is wrong.
    if (isReadable(FIELDS.map((_, place) => (place === index + offset ? field : "*")).join(" "))) continue;
    const { name, takes } = FIELDS[index + offset]!;
    const wayOut = `It takes ${takes}; also *, lists (1,2), ranges from low to high (1-5), steps (*/5 or 1-9/2).`;
    return { problem: `the ${name} of cron ${shown(cron)} is ${shown(field)}`, wayOut };
  }
  return isReadable(trimmed) ? null : { problem: `cron is ${shown(cron)}`, wayOut: WAYS };
}

function isReadable(cron: string): boolean {
  try {
    cronOf(cron, "UTC");
    return true;
  } catch {
    return false;
  }
}

function checkTimeZone(timeZone: unknown): WhenMistake | null {
  if (timeZone === undefined) return null;
  const problem = `timeZone is ${shown(timeZone)}`;
  const wayOut = 'Write a name from the IANA list: "UTC", "Europe/Berlin", "America/New_York".';
  if (typeof timeZone !== "string") return { problem, wayOut };
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return null;
  } catch {
    const near = nearTimeZone(timeZone);
    return { problem, wayOut: near === null ? wayOut : `Did you mean "${near}"? ${wayOut}` };
  }
}

/** The zone that is meant: by its name with a typing error, or by its city alone. */
function nearTimeZone(timeZone: string): string | null {
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  const word = timeZone.trim().replaceAll(" ", "_");
  const isCity = (zone: string): boolean => zone.toLowerCase().endsWith(`/${word.toLowerCase()}`);
  return (word === "" ? undefined : zones.find(isCity)) ?? didYouMean(word, zones);
}

function checkComes(cron: string): WhenMistake | null {
  if (nextRun({ cron }, SEARCH_FROM) !== null) return null;
  const wayOut = "No year has such a day. For the last day of a month write L.";
  return { problem: `cron ${shown(cron)} never comes`, wayOut };
}

/**
 * The first run strictly after an instant, or `null` when there is none.
 *
 * @param when  One that `checkWhen` found nothing wrong with.
 */
export function nextRun(when: When, after: Date): Date | null {
  return gridOf(when)(after);
}

/**
 * The runs after `from`, up to and with `until`; the first `max` of them, oldest first. To go on, ask again from the
 * last one.
 *
 * @param when  One that `checkWhen` found nothing wrong with.
 */
export function missedRuns(when: When, from: Date, until: Date, max: number): Date[] {
  const next = gridOf(when);
  const runs: Date[] = [];
  for (let run = next(from); run !== null && run <= until && runs.length < max; run = next(run)) runs.push(run);
  return runs;
}

/** A short text for lists: `0 3 * * * Europe/Berlin`, `every 5 minutes`. */
export function describeWhen(when: When): string {
  if (when.every === undefined) return `${when.cron.trim().replaceAll(/\s+/g, " ")} ${when.timeZone ?? "UTC"}`;
  const ms = everyMs(when.every)!;
  for (const [unit, unitMs] of Object.entries(UNITS)) {
    if (ms === unitMs) return `every ${unit}`;
    if (ms % unitMs === 0) return `every ${ms / unitMs} ${unit}s`;
  }
  return `every ${ms} ms`;
}

function gridOf(when: When): (after: Date) => Date | null {
  if (when.every === undefined) {
    const cron = cronOf(when.cron, when.timeZone ?? "UTC");
    return (after) => cron.nextRun(after);
  }
  const stepMs = everyMs(when.every)!;
  return (after) => {
    const next = new Date((Math.floor(after.getTime() / stepMs) + 1) * stepMs);
    return Number.isNaN(next.getTime()) ? null : next;
  };
}

/** Without a function a `Cron` only computes: it sets no timer. Without a zone it would take that of the process. */
function cronOf(cron: string, timezone: string): Cron {
  // croner reads a list of hours as an interval by default, and a time of it that the clock leaves out as not there.
  const options: CronOptions = { timezone, mode: "5-or-6-parts", fixedTimeRule: "no-wildcard" };
  return new Cron(cron.trim(), options);
}

/** An interval in milliseconds, however long; `null` when it cannot be read. */
function everyMs(every: unknown): number | null {
  if (typeof every === "number") return Number.isSafeInteger(every) ? every : null;
  const [, count, short, long] = (typeof every === "string" && EVERY.exec(every.trim())) || [];
  if (count === undefined) return null;
  const unit = (long ?? Object.keys(UNITS).find((name) => name[0] === short)) as Unit;
  const ms = Number(count) * UNITS[unit];
  return Number.isSafeInteger(ms) ? ms : EVERY_MS_MAX + 1;
}
