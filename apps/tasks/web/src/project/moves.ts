/** Where a task is put: pure, so that the page can show a move before the server has confirmed it. */
import type { Task } from "../client.ts";
import type { Status } from "../task/words.ts";

export interface Move {
  readonly task: string;
  readonly status: Status;
  /** The task that it stands before; `null`: at the end of its column. */
  readonly before: string | null;
}

export function inColumn(tasks: readonly Task[], status: Status): readonly Task[] {
  return tasks.filter((task) => task.status === status);
}

/** The tasks after a move. Unknown tasks change nothing. */
export function applyMove(tasks: readonly Task[], { task: id, status, before }: Move): readonly Task[] {
  const task = tasks.find((each) => each.id === id);
  if (task === undefined || before === id) return tasks;
  const others = tasks.filter((each) => each !== task);
  const found = others.findIndex((each) => each.id === before);
  const end = others.findLastIndex((each) => each.status === status) + 1;
  return others.toSpliced(found === -1 ? end : found, 0, { ...task, status });
}

/** Whether a move leaves everything as it is. */
export function isIdle(tasks: readonly Task[], move: Move): boolean {
  const idsOf = (all: readonly Task[]) => inColumn(all, move.status).map(({ id }) => id);
  return idsOf(tasks).join() === idsOf(applyMove(tasks, move)).join();
}

/** The task above and the one below after a move, in its column. */
export function neighborsOf(tasks: readonly Task[], move: Move): { above: Task | null; below: Task | null } {
  const column = inColumn(applyMove(tasks, move), move.status);
  const index = column.findIndex(({ id }) => id === move.task);
  return { above: column[index - 1] ?? null, below: column[index + 1] ?? null };
}

export type Direction = "up" | "down" | "left" | "right";

/** The move by one step; `null` at the edge. Sideways a task keeps its height as far as the other column is filled. */
export function step(
  tasks: readonly Task[],
  id: string,
  direction: Direction,
  statuses: readonly Status[],
): Move | null {
  const task = tasks.find((each) => each.id === id);
  if (task === undefined) return null;
  const column = inColumn(tasks, task.status);
  const index = column.indexOf(task);
  if (direction === "up") return index === 0 ? null : { task: id, status: task.status, before: column[index - 1]!.id };
  if (direction === "down") {
    return index === column.length - 1
      ? null
      : { task: id, status: task.status, before: column[index + 2]?.id ?? null };
  }
  const status = statuses[statuses.indexOf(task.status) + (direction === "left" ? -1 : 1)];
  return status === undefined ? null : { task: id, status, before: inColumn(tasks, status)[index]?.id ?? null };
}
