/** Labels of a project, which its tasks carry. */
import { list } from "lineshaft";
import { enter, see } from "./access.ts";
import { ADDING, limitOf, WRITING } from "./errors.ts";
import { LABELS_PER_PROJECT_MAX, Label, tasks } from "./model.ts";
import { byProject, changesOf } from "./projects.ts";
import { record } from "./trail.ts";

const byLabel = { ...byProject, label: Label.fields.id };
export const shownLabel = Label.pick("id", "name", "color");

export const labels = tasks.query("GET /projects/:project/labels", {
  summary: "The labels of a project, by name",
  input: byProject,
  output: list(shownLabel),
  async run(context) {
    const { id } = await see(context, context.input.project);
    return context.db.selectFrom("label").selectAll().where("project", "=", id).orderBy("name").execute();
  },
});

export const createLabel = tasks.command("POST /projects/:project/labels", {
  summary: "Create a label",
  isolation: "read committed",
  input: { ...byProject, ...Label.pick("name", "color") },
  output: shownLabel,
  status: 201,
  errors: ADDING,
  async run(context) {
    const { db, fail } = context;
    const { project, ...values } = context.input;
    const { id } = await enter(context, project, "editor");
    const there = await db.selectFrom("label").select("id").where("project", "=", id).execute();
    if (there.length >= LABELS_PER_PROJECT_MAX) throw fail("LIMIT_REACHED", limitOf("labels", LABELS_PER_PROJECT_MAX));
    const label = await db
      .insertInto("label")
      .values({ project: id, ...values })
      .returningAll()
      .executeTakeFirstOrThrow();
    record(context, { project: id, action: "label.created", changes: { label: label.id, name: label.name } });
    return label;
  },
});

export const changeLabel = tasks.command("PATCH /projects/:project/labels/:label", {
  summary: "Rename a label, or give it another colour",
  isolation: "read committed",
  input: { ...byLabel, ...Label.partial("name", "color") },
  output: shownLabel,
  errors: WRITING,
  async run(context) {
    const { db, fail } = context;
    const { project, label: id, ...values } = context.input;
    await enter(context, project, "editor");
    const own = db.selectFrom("label").selectAll().where("id", "=", id).where("project", "=", project);
    const before = (await own.executeTakeFirst()) ?? fail("NOT_FOUND");
    const changes = changesOf(before, values);
    if (Object.keys(changes).length === 0) return before;
    const after = db.updateTable("label").set(values).where("id", "=", before.id).returningAll();
    const label = await after.executeTakeFirstOrThrow();
    record(context, {
      project: label.project,
      action: "label.changed",
      changes: { label: label.id, ...changes },
    });
    return label;
  },
});

export const deleteLabel = tasks.command("DELETE /projects/:project/labels/:label", {
  summary: "Delete a label; tasks lose it",
  isolation: "read committed",
  input: byLabel,
  errors: WRITING,
  async run(context) {
    const { db, fail, input } = context;
    const { id } = await enter(context, input.project, "editor");
    const deleted = db.deleteFrom("label").where("id", "=", input.label).where("project", "=", id);
    const { name } = (await deleted.returning("name").executeTakeFirst()) ?? fail("NOT_FOUND");
    record(context, { project: id, action: "label.deleted", changes: { label: input.label, name } });
  },
});
