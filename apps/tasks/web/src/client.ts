/**
 * The client of the API, typed by the services themselves: only types are imported, so no code of the server gets into
 * the bundle. All that the page shows is subscribed to (`useQuery`, `usePages`), all that it does is a call.
 */
import { type AnswerOf, createClient } from "@lineshaft/client";
import type * as accountsModule from "lineshaft/accounts";
import type * as tasksModule from "../../index.ts";

export const client = createClient<{ accounts: typeof accountsModule; tasks: typeof tasksModule }>();
export const { accounts, tasks } = client;

type Api = typeof tasksModule;

export type Project = AnswerOf<Api["project"]>;
export type Role = Project["role"];
export type Member = AnswerOf<Api["members"]>[number];
export type Label = AnswerOf<Api["labels"]>[number];
export type Invitation = AnswerOf<Api["invitations"]>[number];
export type OpenInvitation = AnswerOf<Api["projectInvitations"]>[number];
/** A task in a list. */
export type Task = AnswerOf<Api["projectTasks"]>["items"][number];
/** A task by itself, with its notes. */
export type WholeTask = AnswerOf<Api["task"]>;
export type Outcome = AnswerOf<Api["bulkChangeTasks"]>["outcomes"][number];
export type Comment = AnswerOf<Api["comments"]>["items"][number];
export type WorkLog = AnswerOf<Api["workLogs"]>["items"][number];
