/**
 * Todo: the public Todo-Backend contract at `/todos`, open to everybody and to pages of any origin.
 */
import { entity, field, list, type RequestFacts, service } from "lineshaft";

export class Todo extends entity("todo", {
  id: field.id(),
  title: field.text({ min: 1, max: 500 }),
  completed: field.boolean().default(false),
  order: field.integer().optional(),
  createdAt: field.now(),
}) {}

export const todos = service("todos", { entities: { Todo }, actor: "anyone", cors: { origins: "*" } });

const shown = { ...Todo.pick("id", "title", "completed", "order"), url: field.url() };
const withUrl = (todo: Todo, request: RequestFacts) => ({ ...todo, url: `${request.origin}/todos/${todo.id}` });

export const all = todos.query("GET /todos", {
  summary: "All todos, oldest first",
  output: list(shown),
  async run({ db, request }) {
    const rows = await db.selectFrom("todo").selectAll().orderBy("id").execute();
    return rows.map((todo) => withUrl(todo, request));
  },
});

export const add = todos.command("POST /todos", {
  summary: "Add a todo",
  input: Todo.pick("title", "order"),
  output: shown,
  status: 201,
  async run({ input, db, request, reply }) {
    const todo = await db.insertInto("todo").values(input).returningAll().executeTakeFirstOrThrow();
    reply.header("location", `/todos/${todo.id}`);
    return withUrl(todo, request);
  },
});

export const one = todos.query("GET /todos/:id", {
  summary: "One todo",
  input: Todo.pick("id"),
  output: shown,
  async run({ input, db, fail, request }) {
    const todo = await db.selectFrom("todo").selectAll().where("id", "=", input.id).executeTakeFirst();
    return withUrl(todo ?? fail("NOT_FOUND"), request);
  },
});

export const change = todos.command("PATCH /todos/:id", {
  summary: "Change a todo",
  input: { ...Todo.pick("id"), ...Todo.partial("title", "completed", "order") },
  output: shown,
  async run({ input: { id, ...changes }, db, fail, request }) {
    const todo = await db.updateTable("todo").set(changes).where("id", "=", id).returningAll().executeTakeFirst();
    return withUrl(todo ?? fail("NOT_FOUND"), request);
  },
});

export const remove = todos.command("DELETE /todos/:id", {
  summary: "Delete a todo",
  input: Todo.pick("id"),
  async run({ input, db, fail }) {
    const { numDeletedRows } = await db.deleteFrom("todo").where("id", "=", input.id).executeTakeFirst();
    if (numDeletedRows === 0n) throw fail("NOT_FOUND");
  },
});

export const clear = todos.command("DELETE /todos", {
  summary: "Delete all todos",
  async run({ db }) {
    await db.deleteFrom("todo").execute();
  },
});
