import { list } from "lineshaft";
import { Loan } from "../loans/model.ts";
import { readMember } from "../members/endpoints.ts";
import { Member } from "../members/model.ts";
import { Book, library } from "./model.ts";

export const readBook = library.query("GET /books/:id", {
  input: { id: Book.fields.id },
  output: Book,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("book").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const readBookWithMember = library.query("GET /books/:id/member", {
  input: { id: Book.fields.id },
  output: { book: Book, member: Member, loans: list(Loan) },
  async run({ input, call }) {
    const book = await call(readBook, { id: input.id });
    return { book, member: await call(readMember, { id: book.addedBy }), loans: [] };
  },
});
