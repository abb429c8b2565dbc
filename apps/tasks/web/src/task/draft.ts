/** A task as it stands in the form, and what of it has changed. */
import type { WholeTask } from "../client.ts";
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

/** What is said of the fields. */
const FIELD_NAMES: Readonly<Record<keyof Draft, string>> = {
  title: "title",
  notes: "notes",
  status: "status",
  priority: "priority",
  dueDate: "due date",
  dueTime: "time",
  dueZone: "time zone",
  assignee: "assignee",
  labels: "labels",
};
const FIELDS = Object.keys(FIELD_NAMES) as readonly (keyof Draft)[];

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function differing(one: Draft, other: Draft): readonly (keyof Draft)[] {
  return FIELDS.filter((name) => !isSame(one[name], other[name]));
}

export function isSameDraft(one: Draft, other: Draft): boolean {
  return differing(one, other).length === 0;
}

/** A draft of a task that has changed meanwhile: the new task, with what the draft had changed of the old one. */
export function rebased(draft: Draft, from: Draft, to: Draft): Draft {
  const own = differing(from, draft).map((name) => [name, draft[name]]);
  return { ...to, ...Object.fromEntries(own) };
}

/** Names of the fields that the draft and somebody else have changed to different things. */
export function bothChanged(draft: Draft, from: Draft, to: Draft): readonly string[] {
  const own = new Set(differing(from, draft));
  const theirs = differing(from, to).filter((name) => own.has(name) && !isSame(draft[name], to[name]));
  return theirs.map((name) => FIELD_NAMES[name]);
}

/** Only what differs, so that it does not overwrite what others change meanwhile. */
export function changesOf(before: Draft, after: Draft): DraftChanges {
  const { title, notes, status, priority, assignee, labels } = after;
  const plain = Object.entries({ title, notes, status, priority, assignee, labels }).filter(
    ([name, value]) => !isSame(value, before[name as keyof Draft]),
  );
  const dueOf = ({ dueDate, dueTime, dueZone }: Draft) =>
    dueDate === "" ? null : { date: dueDate, timeZone: dueZone, time: dueTime === "" ? undefined : dueTime };
  return { ...Object.fromEntries(plain), ...(isSame(dueOf(before), dueOf(after)) ? {} : { due: dueOf(after) }) };
}
