/** What of a project's tasks is shown. */
import { dayOf } from "../task/words.ts";

export interface Filters {
  readonly text: string;
  /** The id of a member, or `NOBODY`. */
  readonly assignee: string | null;
  readonly label: string | null;
  readonly priority: string | null;
  readonly due: DueFilter | null;
}

export const NO_FILTERS: Filters = { text: "", assignee: null, label: null, priority: null, due: null };
export const NOBODY = "none";

export const DUE_NAMES = {
  overdue: "Overdue",
  today: "Due today",
  week: "Due within 7 days",
  none: "No due date",
} as const;
export type DueFilter = keyof typeof DUE_NAMES;

export function countFilters({ text, ...chosen }: Filters): number {
  return Object.values(chosen).filter((value) => value !== null).length + (text === "" ? 0 : 1);
}

/** The day some days from now. */
export function dayAfter(days: number): string {
  const time = new Date();
  time.setDate(time.getDate() + days);
  return dayOf(time);
}
