import { readBook } from "../library/endpoints.ts";
import { Loan, loans } from "./model.ts";

export const readLoan = loans.query("GET /loans/:id", {
  input: { id: Loan.fields.id },
  output: Loan,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("loan").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const lend = loans.command("POST /loans", {
  input: Loan.pick("book", "due"),
  output: { ...Loan.omit("returnedAt"), title: Loan.fields.book },
  async run({ input, actor, db, call }) {
    const { title } = await call(readBook, { id: input.book });
    const values = { book: input.book, due: input.due, member: actor.id };
    const loan = await db.insertInto("loan").values(values).returningAll().executeTakeFirstOrThrow();
    return { ...loan, title };
  },
});
