/** Changing many tasks: in portions that the API takes, with one outcome for each task. */
import type { AskedOf, CommandOptions } from "@lineshaft/client";
import type * as api from "../../../index.ts";
import { type Outcome, tasks } from "../client.ts";

export type BulkItem = AskedOf<typeof api.bulkChangeTasks>["items"][number];

/** Tasks of one call. */
const BULK_TASKS_MAX = 100;

/** What is said of the codes that an outcome can have. */
const CODES: Readonly<Record<string, string>> = {
  NOT_FOUND: "It is no longer there.",
  FORBIDDEN: "Your role does not allow it.",
  PROJECT_ARCHIVED: "The project is archived.",
  VERSION_CONFLICT: "Somebody else has changed it meanwhile.",
};

function portions<TItem>(items: readonly TItem[]): readonly (readonly TItem[])[] {
  const count = Math.ceil(items.length / BULK_TASKS_MAX);
  return Array.from({ length: count }, (_, index) => items.slice(index * BULK_TASKS_MAX, (index + 1) * BULK_TASKS_MAX));
}

export async function changeMany(items: readonly BulkItem[], options: CommandOptions): Promise<readonly Outcome[]> {
  const all: Outcome[] = [];
  for (const portion of portions(items))
    all.push(...(await tasks.bulkChangeTasks({ items: portion }, options)).outcomes);
  return all;
}

export async function deleteMany(ids: readonly string[], options: CommandOptions): Promise<readonly Outcome[]> {
  const all: Outcome[] = [];
  for (const portion of portions(ids)) all.push(...(await tasks.bulkDeleteTasks({ ids: portion }, options)).outcomes);
  return all;
}

export function reasonOf({ code, detail }: Outcome): string {
  return detail ?? CODES[code ?? ""] ?? code ?? "";
}
