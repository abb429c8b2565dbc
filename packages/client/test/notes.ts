/** A service with an endpoint of every kind, for the tests of the client. */
import { content, download, entity, field, list, page, service } from "lineshaft";

export class Note extends entity("note", {
  id: field.id(),
  board: field.text({ max: 40 }),
  title: field.text({ min: 1, max: 100 }),
  visits: field.bigint().default(0n),
  at: field.now(),
  secret: field.text().optional().hidden(),
}) {}

export const notes = service("notes", { entities: { Note }, actor: "anyone", cors: { origins: "*" } });

export const board = notes.query("GET /boards/:board/notes", {
  input: { ...Note.pick("board"), size: field.integer({ min: 1, max: 50 }).default(50) },
  output: list(Note),
  run: async ({ input, db }) =>
    db.selectFrom("note").selectAll().where("board", "=", input.board).orderBy("id").limit(input.size).execute(),
});

export const add = notes.command("POST /boards/:board/notes", {
  input: { ...Note.pick("board", "title"), visits: Note.fields.visits },
  output: Note,
  status: 201,
  errors: { TITLE_TAKEN: { status: 409, title: "That title is taken" } },
  async run({ input, db, fail }) {
    const taken = await db.selectFrom("note").select("id").where("title", "=", input.title).executeTakeFirst();
    if (taken) throw fail("TITLE_TAKEN", { detail: `"${input.title}" is there.`, facts: { note: taken.id } });
    return db.insertInto("note").values(input).returningAll().executeTakeFirstOrThrow();
  },
});

export const remove = notes.command("DELETE /notes/:id", {
  input: Note.pick("id"),
  async run({ input, db, fail }) {
    const { numDeletedRows } = await db.deleteFrom("note").where("id", "=", input.id).executeTakeFirst();
    if (numDeletedRows === 0n) throw fail("NOT_FOUND");
  },
});

export const desk = notes.channel("/boards/:board/desk", {
  input: { ...Note.pick("board"), seat: field.integer().default(1).from("query", "s") },
  member: { name: field.text(), since: field.time() },
  state: { status: field.enum("here", "away"), mood: field.text().optional() },
  messages: {
    typing: {},
    moved: { x: field.integer(), by: field.bigint().default(0n) },
    closing: { at: field.time() },
  },
  fromServer: ["closing"],
  async join({ input, db, fail }) {
    const first = await db.selectFrom("note").select("title").where("board", "=", input.board).executeTakeFirst();
    if (first?.title === "closed") throw fail("FORBIDDEN", "The board is closed.");
    return { name: first?.title ?? "nobody", since: new Date("2026-02-01T12:00:00Z") };
  },
});

export const close = notes.command("POST /boards/:board/close", {
  input: Note.pick("board"),
  async run({ input, broadcast, now }) {
    broadcast(desk, input, "closing", { at: now });
  },
});

export const lobby = notes.channel("/lobby", { messages: { rings: {} } });

const said = {
  path: field.text(),
  one: field.text().optional(),
  tags: field.list(field.text()).default([]),
  count: field.integer().optional(),
  isOpen: field.boolean().optional(),
  renamed: field.text().optional().from("query", "re-named"),
  header: field.text().optional().from("header", "X-Note"),
  cookie: field.text().optional().from("cookie", "note"),
};
const echoed = {
  ...said,
  header: field.text().optional(),
  cookie: field.text().optional(),
  renamed: field.text().optional(),
};

export const echo = notes.query("GET /echo/:path", {
  input: said,
  output: echoed,
  run: async ({ input }) => ({
    ...input,
    one: input.one ?? null,
    count: input.count ?? null,
    isOpen: input.isOpen ?? null,
    renamed: input.renamed ?? null,
    header: input.header ?? null,
    cookie: input.cookie ?? null,
  }),
});

export const post = notes.command("POST /echo/:path", {
  input: {
    path: field.text(),
    deep: { when: field.time(), many: list({ size: field.bigint() }) },
    ...Note.partial("title"),
  },
  output: { path: field.text(), when: field.time(), size: field.bigint(), next: page(field.integer()) },
  run: async ({ input }) => ({
    path: input.path,
    when: input.deep.when,
    size: input.deep.many.reduce((sum, { size }) => sum + size, 0n),
    next: { items: [1], next: null },
  }),
});

export const text = notes.query("GET /text", { output: content("text/csv"), run: async () => "1,2" });

export const ping = notes.command("POST /ping", { run: async () => {} });

export const own = notes.query("GET /own", {
  actor: "account",
  output: { email: field.text() },
  run: async ({ actor }) => ({ email: actor.email }),
});

/** Takes a file; what it is told comes in the query string. */
export const attach = notes.command("POST /boards/:board/files", {
  upload: { max: 1_000_000, types: ["image/png", "text/plain", "application/octet-stream"] },
  input: { ...Note.pick("board"), name: field.text(), tags: field.list(field.text()).default([]) },
  output: { key: field.text(), size: field.integer(), name: field.text(), tags: field.list(field.text()) },
  run: async ({ input, file }) => ({ ...file, ...input }),
});

export const attached = notes.query("GET /files/:key", {
  input: { key: field.text(), name: field.text() },
  output: download(),
  run: async ({ input }) => input,
});
