/** How statuses, priorities and times are said. */
import type { Task } from "../client.ts";

export type Status = Task["status"];
export type Priority = Task["priority"];
export type Due = NonNullable<Task["due"]>;

export const STATUS_NAMES: Readonly<Record<Status, string>> = {
  todo: "To do",
  doing: "Doing",
  review: "Review",
  done: "Done",
  canceled: "Canceled",
};
export const STATUSES = Object.keys(STATUS_NAMES) as readonly Status[];

export const PRIORITY_NAMES: Readonly<Record<Priority, string>> = {
  low: "Low",
  normal: "Normal",
  high: "High",
  urgent: "Urgent",
};
export const PRIORITIES = Object.keys(PRIORITY_NAMES) as readonly Priority[];

const DAY_MS = 86_400_000;

/** As options of a select. */
export function optionsOf<TValue extends string>(names: Readonly<Record<TValue, string>>) {
  return Object.entries<string>(names).map(([value, label]) => ({ value, label }));
}

export function isClosed(status: Status): boolean {
  return status === "done" || status === "canceled";
}

/** The day of somebody's calendar, as the API writes it. */
export function dayOf(time: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
}

export function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** How many days a day is from today; negative in the past. */
export function daysUntil(day: string): number {
  return Math.round((Date.parse(day) - Date.parse(dayOf(new Date()))) / DAY_MS);
}

/** Whether a task is late, by the day on this machine: close enough to mark it, the server knows exactly. */
export function isOverdue({ due, status }: Pick<Task, "due" | "status">): boolean {
  return due !== null && !isClosed(status) && daysUntil(due.date) < 0;
}

export function sayDay(day: string): string {
  const days = daysUntil(day);
  if (days === 0) return "Today";
  if (days === 1) return "Tomorrow";
  if (days === -1) return "Yesterday";
  const time = new Date(`${day}T12:00:00`);
  const isThisYear = time.getFullYear() === new Date().getFullYear();
  return time.toLocaleDateString("en", { month: "short", day: "numeric", ...(isThisYear ? {} : { year: "numeric" }) });
}

export function sayDue({ date, time }: Due): string {
  return time === null ? sayDay(date) : `${sayDay(date)}, ${time}`;
}

export function sayTime(instant: string): string {
  return new Date(instant).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}

/** 95 → "1 h 35 min". */
export function sayMinutes(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours > 0 ? `${hours} h` : "", rest > 0 || hours === 0 ? `${rest} min` : ""].filter(Boolean).join(" ");
}
