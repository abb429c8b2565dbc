/** People to write to, or to invite: those whom one meets in rooms. Nobody learns of an account otherwise. */
import { field, list, sql } from "lineshaft";
import { chat } from "./model.ts";
import { NAME, type Person, shownPerson } from "./people.ts";

/** People that are shown at once. */
const PEOPLE_MAX = 50;

export const people = chat.query("GET /people", {
  summary: "People by name, of those who are in a room with the caller",
  description: `At most ${PEOPLE_MAX}: say more of the name to find others.`,
  input: { q: field.text({ max: 100 }).default("").describe("A part of the name.") },
  output: list(shownPerson),
  async run({ input, actor, db }) {
    const { rows } = await sql<Person>`
      select "account"."id", ${NAME} as "name"
      from "accounts"."account"
      where "account"."id" <> ${actor.id}
        and position(lower(${input.q}) in lower(${NAME})) > 0
        and exists (
          select from "member" "mine" join "member" "theirs" on "theirs"."room" = "mine"."room"
          where "mine"."account" = ${actor.id} and "theirs"."account" = "account"."id"
        )
      order by "name", "id"
      limit ${sql.lit(PEOPLE_MAX)}
    `.execute(db);
    return rows;
  },
});
