/**
 * The tasks of a project that pass the filters, in order.
 *
 * The server filters. Words are looked up twice: here in the titles, which answers while somebody is typing a word, and
 * on the server, which knows whole words, in titles and notes. A move is shown before the server has confirmed it, and
 * taken back when it is refused.
 */
import { startTransition, useCallback, useEffect, useMemo, useOptimistic } from "react";
import { moveTask, projectTasks, type Task, type TaskQuestion } from "../api/tasks.ts";
import { tellFailed } from "../parts/notices.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { dayAfter, type Filters, NOBODY } from "./filters.ts";
import { applyMove, type Move, neighborsOf } from "./moves.ts";

/** Tasks that are loaded at once, in pages of the API's size. */
const PAGE_ROWS = 100;
const PAGES_MAX = 5;

interface Listed {
  readonly items: readonly Task[];
  /** Whether there are more tasks than were loaded. */
  readonly isCut: boolean;
}

export interface Tasks extends Listed {
  readonly isLoading: boolean;
  /** Whether they were loaded at least once. */
  readonly isThere: boolean;
  readonly error: unknown;
  readonly reload: () => Promise<void>;
}

async function pagesOf(question: TaskQuestion, signal: AbortSignal): Promise<Listed> {
  const items: Task[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await projectTasks({ ...question, limit: PAGE_ROWS, cursor }, signal);
    items.push(...answer.items);
    if (answer.next === null) return { items, isCut: false };
    cursor = answer.next;
  }
  return { items, isCut: true };
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

function merged(some: readonly Task[], others: readonly Task[]): readonly Task[] {
  const byId = new Map([...others, ...some].map((task) => [task.id, task]));
  return [...byId.values()].sort((one, other) => (one.position < other.position ? -1 : 1));
}

export function useTasks(project: string, filters: Filters) {
  const { text, ...chosen } = filters;
  const question = JSON.stringify(chosen);
  const all = useLoaded(question, (signal) => pagesOf(questionOf(project, filters), signal));
  const found = useLoaded(`${question} ${text}`, async (signal) =>
    text === "" ? [] : (await pagesOf({ ...questionOf(project, filters), q: text }, signal)).items,
  );
  const items = useMemo(() => {
    const loaded = all.value?.items ?? [];
    return text === ""
      ? loaded
      : merged(
          loaded.filter((task) => passes(task, text)),
          found.value ?? [],
        );
  }, [all.value, found.value, text]);
  const [shown, showMove] = useOptimistic(items, applyMove);

  const { change, reload } = all;
  const { reload: findAgain } = found;
  const refresh = useCallback(async () => {
    await Promise.all([reload(), findAgain()]);
  }, [reload, findAgain]);

  // Others may have changed something while the page was out of sight.
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && void refresh();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [refresh]);

  const move = (to: Move) => {
    const { above, below } = neighborsOf(items, to);
    const place = above !== null ? { after: above.id } : { before: below?.id ?? null };
    startTransition(async () => {
      showMove(to);
      try {
        const moved = await moveTask({ project, task: to.task, status: to.status, ...place });
        startTransition(() => change(({ items: before, isCut }) => ({ items: merged([moved], before), isCut })));
        await findAgain();
      } catch (error) {
        tellFailed("The task could not be moved", error);
      }
    });
  };

  const tasks: Tasks = {
    items: shown,
    isCut: all.value?.isCut ?? false,
    isLoading: all.isLoading,
    isThere: all.value !== null,
    error: all.error,
    reload: refresh,
  };
  return { tasks, move };
}
