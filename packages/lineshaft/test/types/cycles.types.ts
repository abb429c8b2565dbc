/**
 * Types of references: an entity to itself, two in one file, three services in three files that refer to each other.
 *
 * They need no annotation because a thunk whose result is `any` is not looked into. That is what the checker does, no
 * documented rule; these tests say when it changes.
 */
import { type Command, entity, field, type InputOf, nullable, type Query, type ResultOf, service } from "lineshaft";
import type { readBookWithMember } from "./cycle/library/endpoints.ts";
import type { Book } from "./cycle/library/model.ts";
import type { lend } from "./cycle/loans/endpoints.ts";
import type { Loan } from "./cycle/loans/model.ts";
import type { readLatestLoan } from "./cycle/members/endpoints.ts";
import type { Member } from "./cycle/members/model.ts";
import { type Equal, type Expect, same } from "./expect.ts";

export class Comment extends entity("comment", {
  id: field.id(),
  parent: field.ref(() => Comment).optional(),
  thread: field.ref(() => Thread),
}) {}

export class Thread extends entity("thread", {
  id: field.id(),
  pinned: field.ref(() => Comment, { onDelete: "set null" }).optional(),
}) {}

type OutputOf<T> = T extends Query<any, infer O, any> | Command<any, infer O, any> ? ResultOf<O> : never;

export type Cases = [
  Expect<Equal<Comment["parent"], string | null>>,
  Expect<Equal<Comment["thread"], string>>,
  Expect<Equal<Thread["pinned"], string | null>>,
  Expect<Equal<Book["addedBy"], string>>,
  Expect<Equal<Book["lastLoan"], string | null>>,
  Expect<Equal<Book["sequelOf"], string | null>>,
  Expect<Equal<Member["favourite"], string | null>>,
  Expect<Equal<Loan["book"], string>>,
  Expect<Equal<OutputOf<typeof readLatestLoan>, Loan>>,
  Expect<Equal<OutputOf<typeof readBookWithMember>["loans"], readonly Loan[]>>,
  Expect<Equal<OutputOf<typeof readBookWithMember>["member"], Member>>,
  Expect<Equal<InputOf<(typeof lend)["input"]>, { readonly book: string; readonly due: string }>>,
];

const forum = service("forum", { entities: { Comment, Thread } });

/** Recursion through `call`: the result is annotated, since the type of `run` would depend on itself. */
export const deepest = forum.query("GET /comments/:id/deepest", {
  input: { id: Comment.fields.id },
  output: Comment,
  run: async ({ input, db, call, fail }): Promise<Comment> => {
    const reply = await db.selectFrom("comment").selectAll().where("parent", "=", input.id).executeTakeFirst();
    return reply ? call(deepest, { id: reply.id }) : fail("NOT_FOUND");
  },
});

/** Two that call each other: one annotation cuts the circle. */
export const even = forum.query("GET /even/:count", {
  input: { count: field.integer() },
  output: { found: field.boolean() },
  run: async ({ input, call }): Promise<{ found: boolean }> =>
    input.count === 0 ? { found: true } : call(odd, { count: input.count - 1 }),
});

export const odd = forum.query("GET /odd/:count", {
  input: { count: field.integer() },
  output: { found: field.boolean() },
  run: async ({ input, call }) => (input.count === 0 ? { found: false } : call(even, { count: input.count - 1 })),
});

/** What was called has its own output, not the caller's. */
export const threadOf = forum.query("GET /comments/:id/thread", {
  input: { id: Comment.fields.id },
  output: { comment: nullable(Comment), thread: field.text() },
  run: async ({ input, call }) => {
    const comment = await call(deepest, { id: input.id });
    same<Comment>()(comment);
    // @ts-expect-error: the called endpoint needs its input.
    await call(deepest, {});
    // @ts-expect-error: `id` is a text.
    await call(deepest, { id: 7 });
    return { comment, thread: comment.thread };
  },
});
