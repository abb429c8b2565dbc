/**
 * The tasks of a project that pass the filters, in order, as they are now.
 *
 * The server filters. Words are looked up twice: here in the titles, which answers while somebody is typing a word, and
 * on the server, which knows whole words, in titles and notes. What somebody does is shown before the server has
 * confirmed it, and taken back when it is refused (`shownAs`, `shownWithout`).
 */
import type { AskedOf, Guess } from "@lineshaft/client";
import { usePages } from "@lineshaft/client/react";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { useMemo } from "react";
import type * as api from "../../../index.ts";
import { type Task, tasks } from "../client.ts";
import { dayAfter, type Filters, NOBODY } from "./filters.ts";
import { applyMove, type Move, neighborsOf } from "./moves.ts";

/** Tasks that are shown at once, in pages of the API's size. */
const PAGE_ROWS = 100;
const PAGES_MAX = 5;
const ALL = { pages: PAGES_MAX, keep: true };

type TaskQuestion = AskedOf<typeof api.projectTasks>;

export interface Tasks {
  readonly items: readonly Task[];
  /** Whether there are more tasks than these. */
  readonly isCut: boolean;
  readonly isThere: boolean;
  readonly error: unknown;
}

/** The filters as the API takes them; days begin at midnight on this machine. */
function questionOf(project: string, { assignee, label, priority, due }: Filters): TaskQuestion {
  const startOf = (day: string) => new Date(`${day}T00:00:00`).toISOString();
  const until = (days: number) => ({ dueFrom: startOf(dayAfter(0)), dueBefore: startOf(dayAfter(days)) });
  // A task without a time of day is due at the end of its day, which is the start of the next one.
  const dues = {
    overdue: { overdue: true },
    today: withEnd(until(1)),
    week: withEnd(until(8)),
    none: { hasDue: false },
  };
  return {
    project,
    limit: PAGE_ROWS,
    ...(assignee === null ? {} : assignee === NOBODY ? { unassigned: true } : { assignee }),
    ...(label === null ? {} : { label: [label] }),
    ...(priority === null ? {} : { priority: [priority as Task["priority"]] }),
    ...(due === null ? {} : dues[due]),
  };
}

function withEnd({ dueFrom, dueBefore }: { dueFrom: string; dueBefore: string }) {
  const later = (instant: string) => new Date(Date.parse(instant) + 1).toISOString();
  return { dueFrom: later(dueFrom), dueBefore: later(dueBefore) };
}

function passes(task: Task, text: string): boolean {
  const title = task.title.toLocaleLowerCase();
  return text
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => title.includes(word));
}

function inOrder(tasks: readonly Task[]): readonly Task[] {
  return tasks.toSorted((one, other) => (one.position < other.position ? -1 : 1));
}

const NONE: readonly Task[] = [];

export function useTasks(project: string, filters: Filters) {
  const { text } = filters;
  const question = questionOf(project, filters);
  const { data, problem, status } = usePages(tasks.projectTasks, question, ALL);
  const found = usePages(tasks.projectTasks, text === "" ? null : { ...question, q: text }, ALL).data?.items ?? NONE;
  const loaded = data?.items ?? NONE;
  const items = useMemo(() => {
    if (text === "") return inOrder(loaded);
    const ids = new Set(found.map(({ id }) => id));
    const known = new Set(loaded.map(({ id }) => id));
    const some = loaded.filter((task) => ids.has(task.id) || passes(task, text));
    return inOrder([...some, ...found.filter(({ id }) => !known.has(id))]);
  }, [loaded, found, text]);

  const move = async (to: Move) => {
    const { above, below } = neighborsOf(items, to);
    const place = above !== null ? { after: above.id } : { before: below?.id ?? null };
    const optimistic = [shownAs(project, [to.task], { status: to.status, position: positionOf(items, to) })];
    try {
      await tasks.moveTask({ project, task: to.task, status: to.status, ...place }, { optimistic });
    } catch (error) {
      tellFailed("The task could not be moved", error);
    }
  };

  const shown: Tasks = {
    items,
    isCut: data?.hasMore === true && !data.isLoading,
    isThere: status === "data",
    error: problem ?? null,
  };
  return { tasks: shown, move };
}

/** A position right behind the task before it: a blank sorts before every digit that a real one could go on with. */
function positionOf(tasks: readonly Task[], to: Move): string {
  const after = applyMove(tasks, to);
  const before = after[after.findIndex(({ id }) => id === to.task) - 1];
  return before === undefined ? "" : `${before.position} `;
}

/** These tasks, changed, in all lists of a project. */
export function shownAs(project: string, ids: readonly string[], change: Partial<Task>): Guess {
  const changed = new Set(ids);
  return tasks.projectTasks.guess({ project }, (page) => ({
    ...page,
    items: page.items.map((task) => (changed.has(task.id) ? { ...task, ...change } : task)),
  }));
}

/** Lists of a project without these tasks. */
export function shownWithout(project: string, ids: readonly string[]): Guess {
  const gone = new Set(ids);
  return tasks.projectTasks.guess({ project }, (page) => ({
    ...page,
    items: page.items.filter((task) => !gone.has(task.id)),
  }));
}
