import { readLoan } from "../loans/endpoints.ts";
import { Loan } from "../loans/model.ts";
import { Member, members } from "./model.ts";

export const readMember = members.query("GET /members/:id", {
  actor: "anyone",
  input: { id: Member.fields.id },
  output: Member,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("member").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const readLatestLoan = members.query("GET /members/:id/latest", {
  input: { id: Member.fields.id },
  output: Loan,
  async run({ input, call, fail }) {
    const { latest } = await call(readMember, { id: input.id });
    return call(readLoan, { id: latest ?? fail("NOT_FOUND") });
  },
});
