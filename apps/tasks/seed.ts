/** Demo data of the task manager: a team of three with one project. Their password is `DEMO_PASSWORD`. */
import type { AccountActor, CallAs } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { addComment } from "./comments.ts";
import { createLabel } from "./labels.ts";
import { addMember } from "./members.ts";
import { createProject } from "./projects.ts";
import { addReminder } from "./reminders.ts";
import { createTask } from "./tasks.ts";
import { logWork } from "./work-logs.ts";

export const DEMO_PASSWORD = "correct horse";
const TIME_ZONE = "Europe/Berlin";

const LABELS = { design: "#8b5cf6", website: "#0ea5e9", print: "#f59e0b", urgent: "#ef4444" } as const;

interface DemoTask {
  readonly title: string;
  readonly notes?: string;
  readonly status?: "todo" | "doing" | "review" | "done" | "canceled";
  readonly priority?: "low" | "normal" | "high" | "urgent";
  /** Days from today. */
  readonly due?: number;
  readonly time?: string;
  readonly assignee?: keyof typeof PEOPLE;
  readonly labels?: readonly (keyof typeof LABELS)[];
  readonly recurrence?: string;
  readonly recurrenceNext?: "closed" | "due";
  /** Title of the task that it is part of. */
  readonly partOf?: string;
}

const PEOPLE = { demo: "Demi Olsen", mira: "Mira Castellanos", jonas: "Jonas Weber" } as const;

const TASKS: readonly DemoTask[] = [
  { title: "Collect what the old site does well", status: "done", assignee: "mira", labels: ["website"], due: -9 },
  { title: "Choose a typeface", status: "done", priority: "low", assignee: "demo", labels: ["design"], due: -4 },
  {
    title: "Draw the start page",
    status: "review",
    priority: "high",
    assignee: "mira",
    labels: ["design", "website"],
    due: 1,
  },
  {
    title: "Write the texts",
    status: "doing",
    assignee: "demo",
    labels: ["website"],
    due: 3,
    notes: "Short sentences.",
  },
  { title: "Text: who we are", partOf: "Write the texts", status: "done", assignee: "demo" },
  { title: "Text: how to find us", partOf: "Write the texts", assignee: "mira" },
  {
    title: "Renew the certificate",
    priority: "urgent",
    assignee: "demo",
    labels: ["urgent", "website"],
    due: -1,
    time: "12:00",
  },
  { title: "Ask for three offers from printers", status: "doing", assignee: "mira", labels: ["print"], due: 2 },
  { title: "Order business cards", labels: ["print"], due: 10 },
  { title: "Photographs of the workshop", priority: "low", labels: ["design"] },
  { title: "Translate into Danish", status: "canceled", priority: "low", labels: ["website"] },
  { title: "Team meeting", assignee: "demo", due: 2, time: "09:30", recurrence: "FREQ=WEEKLY", recurrenceNext: "due" },
];

/** Gives the team: demo, mira, jonas. */
export async function seedTasks({ call }: { readonly call: CallAs }): Promise<ReadonlyMap<string, AccountActor>> {
  const team = new Map<string, AccountActor>();
  for (const [key, name] of Object.entries(PEOPLE)) {
    const email = `${key}@example.com`;
    const { account } = await call(accounts.signUp, { email, name, password: DEMO_PASSWORD });
    team.set(key, { kind: "account", id: account.id, session: account.id, email, emailVerified: false });
  }
  const [demo, mira, jonas] = [team.get("demo")!, team.get("mira")!, team.get("jonas")!];
  const asDemo = { actor: demo };
  const description = "Everything until the new website is online.";
  const { id: project } = await call(createProject, { name: "New website", description }, asDemo);
  await call(addMember, { project, account: mira.id, role: "editor" }, asDemo);
  await call(addMember, { project, account: jonas.id, role: "viewer" }, asDemo);
  const labels = new Map<string, string>();
  for (const [name, color] of Object.entries(LABELS)) {
    labels.set(name, (await call(createLabel, { project, name, color }, asDemo)).id);
  }
  const ids = new Map<string, string>();
  for (const task of TASKS) {
    const { title, partOf, due, time, assignee, labels: named = [], ...rest } = task;
    const made = {
      ...rest,
      project,
      title,
      labels: named.map((name) => labels.get(name)!),
      ...(partOf === undefined ? {} : { parent: ids.get(partOf)! }),
      ...(assignee === undefined ? {} : { assignee: team.get(assignee)!.id }),
      ...(due === undefined ? {} : { due: { date: inDays(due), timeZone: TIME_ZONE, time } }),
    };
    ids.set(title, (await call(createTask, made, asDemo)).id);
  }
  const draft = ids.get("Draw the start page")!;
  await call(addComment, { project, task: draft, body: "The second draft is in the shared folder." }, { actor: mira });
  await call(addComment, { project, task: draft, body: "I like the calm colours. Can the logo be smaller?" }, asDemo);
  await call(addReminder, { project, task: ids.get("Write the texts")!, minutesBefore: 60 }, asDemo);
  await call(logWork, { project, task: draft, minutes: 150, day: inDays(-1), note: "Second draft" }, { actor: mira });
  await call(logWork, { project, task: ids.get("Write the texts")!, minutes: 45, day: inDays(0) }, asDemo);
  return team;
}

function inDays(days: number): string {
  return Temporal.Now.plainDateISO(TIME_ZONE).add({ days }).toString();
}
