/**
 * Order: where a task stands in its project. Its position is a text; moving it writes that one row, whatever the length
 * of the list. The project is locked meanwhile, so two moves to one gap stand in it one after the other.
 *
 * Dropping again and again into one gap makes positions longer. At `POSITION_CHARS_LONG` the whole project gets new
 * ones, which nobody sees but by their shortness.
 */
import { generateKeyBetween, generateNKeysBetween } from "fractional-indexing";
import { sql } from "lineshaft";
import type { TasksDb } from "./model.ts";

/** Digits only: every collation sorts them alike. */
const DIGITS = "0123456789";
export const POSITION_CHARS_LONG = 60;

/** Where a task goes: right after one, or right before one; `null` is the end of the list on that side. */
export interface Place {
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

/** Positions for new tasks at the end of a project, in order. */
export async function positionsAtEnd(db: TasksDb, project: string, count: number): Promise<string[]> {
  const last = await edge(db, project, "desc");
  const positions = generateNKeysBetween(last, null, count, DIGITS);
  if ((positions.at(-1)?.length ?? 0) <= POSITION_CHARS_LONG) return positions;
  await renumber(db, project);
  return generateNKeysBetween(await edge(db, project, "desc"), null, count, DIGITS);
}

/**
 * The position of a task between its new neighbours; `null` when none of the tasks that it should stand next to is
 * there. The list may have changed since the caller looked: right after `after` counts, else right before `before`.
 */
export async function positionAt(db: TasksDb, project: string, task: string, place: Place): Promise<string | null> {
  const gap = await gapAt(db, project, task, place);
  if (gap === null) return null;
  const position = generateKeyBetween(...gap, DIGITS);
  if (position.length <= POSITION_CHARS_LONG) return position;
  await renumber(db, project);
  const wider = await gapAt(db, project, task, place);
  return wider && generateKeyBetween(...wider, DIGITS);
}

type Gap = [left: string | null, right: string | null];

async function gapAt(db: TasksDb, project: string, task: string, { after, before }: Place): Promise<Gap | null> {
  if (after === null) return [null, await edge(db, project, "asc", task)];
  if (before === null && after === undefined) return [await edge(db, project, "desc", task), null];
  const named = [after, before].filter((id) => typeof id === "string");
  if (named.length === 0) return null;
  const all = db.selectFrom("task").select(["id", "position"]).where("project", "=", project);
  const rows = await all.where("id", "in", named).execute();
  const positionOf = (id: string | null | undefined) => rows.find((row) => row.id === id?.toLowerCase())?.position;
  const left = positionOf(after);
  if (left !== undefined) return [left, await neighbour(db, { project, task, of: left, side: "right" })];
  const right = positionOf(before);
  if (right !== undefined) return [await neighbour(db, { project, task, of: right, side: "left" }), right];
  return before === null ? [await edge(db, project, "desc", task), null] : null;
}

interface Beside {
  readonly project: string;
  /** The task that moves: it is no neighbour of itself. */
  readonly task: string;
  readonly of: string;
  readonly side: "left" | "right";
}

async function neighbour(db: TasksDb, { project, task, of, side }: Beside): Promise<string | null> {
  const found = await db
    .selectFrom("task")
    .select("position")
    .where("project", "=", project)
    .where("id", "!=", task)
    .where("position", side === "right" ? ">" : "<", of)
    .orderBy("position", side === "right" ? "asc" : "desc")
    .limit(1)
    .executeTakeFirst();
  return found?.position ?? null;
}

/** The first or the last position of a project. */
async function edge(db: TasksDb, project: string, direction: "asc" | "desc", except?: string): Promise<string | null> {
  let all = db.selectFrom("task").select("position").where("project", "=", project);
  if (except !== undefined) all = all.where("id", "!=", except);
  return (await all.orderBy("position", direction).limit(1).executeTakeFirst())?.position ?? null;
}

/** Gives all tasks of a project short positions, in the same order. Two steps: no row may meet another's on its way. */
async function renumber(db: TasksDb, project: string): Promise<void> {
  const rows = await db.selectFrom("task").select("id").where("project", "=", project).orderBy("position").execute();
  const keys = generateNKeysBetween(null, null, rows.length, DIGITS);
  const positions = JSON.stringify(rows.map(({ id }, index) => ({ id, position: keys[index] })));
  await sql`update "task" set "position" = '#' || "id" where "project" = ${project}`.execute(db);
  await sql`
    update "task" set "position" = fresh."position"
    from jsonb_to_recordset(${positions}::jsonb) as fresh("id" uuid, "position" text)
    where "task"."id" = fresh."id"
  `.execute(db);
}
