/** Due dates: what people say (a day, perhaps a time of day, a time zone), and the instant that it means. */
import { field } from "lineshaft";

/** The years that a task can be due in. */
export const DUE_YEAR_MIN = 1900;
export const DUE_YEAR_MAX = 9000;

/** What a caller says and sees. */
export const dueShape = {
  date: field.date(),
  time: field
    .text({ max: 5, pattern: /^(?:[01]\d|2[0-3]):[0-5]\d$/ })
    .optional()
    .describe("Time of day. Without one the task is due by the end of the day.")
    .example("09:00"),
  timeZone: field.text({ max: 64 }).default("UTC").describe("Name of the IANA database.").example("Europe/Berlin"),
};

export interface Due {
  readonly date: string;
  readonly time?: string | null | undefined;
  readonly timeZone: string;
}

/** The columns of a task that say when it is due. */
export interface DueColumns {
  readonly dueDate: string | null;
  readonly dueTime: string | null;
  readonly dueZone: string | null;
  readonly dueAt: Date | null;
}

export const NOT_DUE: DueColumns = { dueDate: null, dueTime: null, dueZone: null, dueAt: null };

/** Whether a task can be due on a day. */
export function isDueDay(date: string): boolean {
  const { year } = Temporal.PlainDate.from(date);
  return year >= DUE_YEAR_MIN && year <= DUE_YEAR_MAX;
}

/** Whether a name is one of the time zone database: no offsets, which know no summer time. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== null;
  } catch {
    return false;
  }
}

/**
 * The columns of a due date whose time zone is known. A time that the clocks skip is the one after the gap; a time that
 * comes twice is the first.
 */
export function dueColumns({ date, time, timeZone }: Due): DueColumns {
  const day = Temporal.PlainDate.from(date);
  const zoned = time
    ? day.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) })
    : day.add({ days: 1 }).toZonedDateTime({ timeZone });
  return { dueDate: date, dueTime: time ?? null, dueZone: timeZone, dueAt: new Date(zoned.epochMilliseconds) };
}

/** The columns as a caller sees them. */
export function shownDue({ dueDate, dueTime, dueZone }: Omit<DueColumns, "dueAt">) {
  return dueDate === null || dueZone === null ? null : { date: dueDate, time: dueTime, timeZone: dueZone };
}
