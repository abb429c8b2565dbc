/** What a list over all projects says of the task that a row is about. */
import { Project, Task } from "./model.ts";

export const shownAbout = {
  task: Task.pick("id", "title", "status", "dueAt"),
  project: Project.pick("id", "name"),
};

/** What such a list selects of a task and its project, for `withTask`. */
export const ABOUT = [
  "task.id as taskId",
  "task.title",
  "task.status",
  "task.dueAt",
  "project.id as projectId",
  "project.name",
] as const;

type About = Pick<Task, "title" | "status" | "dueAt"> &
  Pick<Project, "name"> & { readonly taskId: string; readonly projectId: string };

/** The row as it is shown. */
export function withTask<TRow extends About>(row: TRow) {
  const { taskId, title, status, dueAt, projectId, name, ...rest } = row;
  return { ...rest, task: { id: taskId, title, status, dueAt }, project: { id: projectId, name } };
}
