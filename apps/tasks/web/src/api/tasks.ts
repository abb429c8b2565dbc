/** Calls about tasks, and what is said and logged about them. */
import type * as bulk from "../../../bulk.ts";
import type * as comment from "../../../comments.ts";
import type * as lists from "../../../task-lists.ts";
import type * as one from "../../../tasks.ts";
import type * as work from "../../../work-logs.ts";
import { type Answered, type Asked, endpoint } from "./fetch.ts";

export const projectTasks = endpoint<typeof lists.projectTasks>("GET /tasks/projects/:project/tasks");
export const task = endpoint<typeof one.task>("GET /tasks/projects/:project/tasks/:task");
export const createTask = endpoint<typeof one.createTask>("POST /tasks/projects/:project/tasks");
export const changeTask = endpoint<typeof one.changeTask>("PATCH /tasks/projects/:project/tasks/:task");
export const moveTask = endpoint<typeof one.moveTask>("POST /tasks/projects/:project/tasks/:task/move");
export const deleteTask = endpoint<typeof one.deleteTask>("DELETE /tasks/projects/:project/tasks/:task");

export const bulkChangeTasks = endpoint<typeof bulk.bulkChangeTasks>("POST /tasks/bulk/change");
export const bulkDeleteTasks = endpoint<typeof bulk.bulkDeleteTasks>("POST /tasks/bulk/delete");

export const comments = endpoint<typeof comment.comments>("GET /tasks/projects/:project/tasks/:task/comments");
export const addComment = endpoint<typeof comment.addComment>("POST /tasks/projects/:project/tasks/:task/comments");
export const deleteComment = endpoint<typeof comment.deleteComment>(
  "DELETE /tasks/projects/:project/tasks/:task/comments/:comment",
);

export const workLogs = endpoint<typeof work.workLogs>("GET /tasks/projects/:project/tasks/:task/work-logs");
export const logWork = endpoint<typeof work.logWork>("POST /tasks/projects/:project/tasks/:task/work-logs");
export const deleteWorkLog = endpoint<typeof work.deleteWorkLog>(
  "DELETE /tasks/projects/:project/tasks/:task/work-logs/:log",
);

/** A task in a list. */
export type Task = Answered<typeof lists.projectTasks>["items"][number];
/** A task by itself, with its notes. */
export type WholeTask = Answered<typeof one.task>;
export type TaskQuestion = Asked<typeof lists.projectTasks>;
export type TaskChange = Omit<Asked<typeof one.changeTask>, "project" | "task" | "version">;
export type BulkItem = Asked<typeof bulk.bulkChangeTasks>["items"][number];
export type Outcome = Answered<typeof bulk.bulkChangeTasks>["outcomes"][number];
export type Comment = Answered<typeof comment.comments>["items"][number];
export type WorkLog = Answered<typeof work.workLogs>["items"][number];
