/** Comments on tasks. Editors write them and change their own; owners may delete any. */
import { nullable, page, sql } from "lineshaft";
import { enter, see } from "./access.ts";
import { ADDING, limitOf, WRITING } from "./errors.ts";
import { COMMENTS_PER_TASK_MAX, Comment, type TasksDb, tasks } from "./model.ts";
import { byAge, pageOf, paging } from "./paging.ts";
import { personOf, shownPerson } from "./people.ts";
import { byTask, taskOf } from "./tasks.ts";
import { record } from "./trail.ts";

const byComment = { ...byTask, comment: Comment.fields.id };
const shownComment = { ...Comment.pick("id", "body", "createdAt", "updatedAt"), author: nullable(shownPerson) };

function selectComments(db: TasksDb) {
  return db
    .selectFrom("comment")
    .select(["comment.id", "comment.body", "comment.createdAt", "comment.updatedAt"])
    .select(personOf("comment.author").as("author"));
}

export const comments = tasks.query("GET /projects/:project/tasks/:task/comments", {
  summary: "The comments of a task, the oldest first",
  input: { ...byTask, ...paging },
  output: page(shownComment),
  async run(context) {
    const { db, fail } = context;
    const { project, task, ...paged } = context.input;
    await see(context, project);
    const { id } = (await taskOf(db, { project, task })) ?? fail("NOT_FOUND");
    const all = selectComments(db).where("comment.task", "=", id);
    return pageOf(all, { ...paged, question: ["comments", id], id: "comment.id", sort: byAge("asc"), fail });
  },
});

export const addComment = tasks.command("POST /projects/:project/tasks/:task/comments", {
  summary: "Comment on a task",
  isolation: "read committed",
  input: { ...byTask, ...Comment.pick("body") },
  output: shownComment,
  status: 201,
  errors: ADDING,
  async run(context) {
    const { db, actor, fail, input } = context;
    await enter(context, input.project, "editor");
    const task = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    const all = db.selectFrom("comment").select(sql<number>`count(*)::int`.as("count")).where("task", "=", task.id);
    if ((await all.executeTakeFirstOrThrow()).count >= COMMENTS_PER_TASK_MAX) {
      throw fail("LIMIT_REACHED", limitOf("comments on a task", COMMENTS_PER_TASK_MAX));
    }
    const values = { task: task.id, author: actor.id, body: input.body };
    const { id } = await db.insertInto("comment").values(values).returning("id").executeTakeFirstOrThrow();
    record(context, { project: task.project, action: "comment.added", task, changes: { comment: id } });
    return selectComments(db).where("comment.id", "=", id).executeTakeFirstOrThrow();
  },
});

export const changeComment = tasks.command("PATCH /projects/:project/tasks/:task/comments/:comment", {
  summary: "Change one's own comment",
  isolation: "read committed",
  input: { ...byComment, ...Comment.pick("body") },
  output: shownComment,
  errors: WRITING,
  async run(context) {
    const { db, actor, fail, input } = context;
    await enter(context, input.project, "editor");
    const task = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    const comment = (await commentOf(db, task.id, input.comment)) ?? fail("NOT_FOUND");
    if (comment.author !== actor.id) throw fail("FORBIDDEN", "Only who wrote a comment changes it.");
    await db.updateTable("comment").set({ body: input.body }).where("id", "=", comment.id).execute();
    record(context, {
      project: task.project,
      action: "comment.changed",
      task,
      changes: { comment: comment.id },
    });
    return selectComments(db).where("comment.id", "=", comment.id).executeTakeFirstOrThrow();
  },
});

export const deleteComment = tasks.command("DELETE /projects/:project/tasks/:task/comments/:comment", {
  summary: "Delete one's own comment; owners delete any",
  isolation: "read committed",
  input: byComment,
  errors: WRITING,
  async run(context) {
    const { db, actor, fail, input } = context;
    const { role } = await enter(context, input.project, "editor");
    const task = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    const comment = (await commentOf(db, task.id, input.comment)) ?? fail("NOT_FOUND");
    if (comment.author !== actor.id && role !== "owner")
      throw fail("FORBIDDEN", "Only its writer or an owner deletes it.");
    await db.deleteFrom("comment").where("id", "=", comment.id).execute();
    record(context, {
      project: task.project,
      action: "comment.deleted",
      task,
      changes: { comment: comment.id },
    });
  },
});

async function commentOf(db: TasksDb, task: string, id: string) {
  return db
    .selectFrom("comment")
    .select(["id", "author"])
    .where("id", "=", id)
    .where("task", "=", task)
    .executeTakeFirst();
}
