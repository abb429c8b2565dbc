/** The trail: writes down who did what, in the transaction that does it. It is read in `activity.ts`. */
import type { AccountActor } from "lineshaft";
import type { ACTIONS, TasksDb } from "./model.ts";

export interface Entry {
  readonly project: string;
  readonly action: (typeof ACTIONS)[number];
  readonly task?: { readonly id: string; readonly title: string };
  readonly changes?: Readonly<Record<string, unknown>>;
}

/** Adds entries to the trail; one statement, however many. */
export async function record(db: TasksDb, actor: AccountActor, ...entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map(({ project, action, task, changes = {} }) => ({
    project,
    action,
    actor: actor.id,
    task: task?.id ?? null,
    title: task?.title ?? null,
    changes,
  }));
  await db.insertInto("activity").values(rows).execute();
}
