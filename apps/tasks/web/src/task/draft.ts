/** A task as it stands in the form, and what of it has changed. */
import type { WholeTask } from "../api/tasks.ts";
import { ownTimeZone, type Priority, type Status } from "./words.ts";

export interface Draft {
  readonly title: string;
  readonly notes: string;
  readonly status: Status;
  readonly priority: Priority;
  /** A day, or nothing. */
  readonly dueDate: string;
  /** A time of day, or nothing. */
  readonly dueTime: string;
  readonly dueZone: string;
  readonly assignee: string | null;
  readonly labels: readonly string[];
}

/** What of a task the form changes. */
export type DraftChanges = Partial<Pick<Draft, "title" | "notes" | "status" | "priority" | "assignee" | "labels">> & {
  readonly due?: { readonly date: string; readonly timeZone: string; readonly time: string | undefined } | null;
};

export function emptyDraft(): Draft {
  const texts = { title: "", notes: "", dueDate: "", dueTime: "", dueZone: ownTimeZone() };
  return { ...texts, status: "todo", priority: "normal", assignee: null, labels: [] };
}

export function draftOf({ title, notes, status, priority, due, assignee, labels }: WholeTask): Draft {
  return {
    title,
    notes,
    status,
    priority,
    dueDate: due?.date ?? "",
    dueTime: due?.time ?? "",
    dueZone: due?.timeZone ?? ownTimeZone(),
    assignee: assignee?.id ?? null,
    labels: labels.map(({ id }) => id),
  };
}

/** Only what differs, so that it does not overwrite what others change meanwhile. */
export function changesOf(before: Draft, after: Draft): DraftChanges {
  const { title, notes, status, priority, assignee, labels } = after;
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const plain = Object.entries({ title, notes, status, priority, assignee, labels }).filter(
    ([name, value]) => !isSame(value, before[name as keyof Draft]),
  );
  const dueOf = ({ dueDate, dueTime, dueZone }: Draft) =>
    dueDate === "" ? null : { date: dueDate, timeZone: dueZone, time: dueTime === "" ? undefined : dueTime };
  return { ...Object.fromEntries(plain), ...(isSame(dueOf(before), dueOf(after)) ? {} : { due: dueOf(after) }) };
}
