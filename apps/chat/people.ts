/**
 * People: how accounts are shown. The one place that reads the accounts service's table: a page shows many people, and
 * accounts have no endpoint that is asked for many at once. Addresses are never shown: public rooms are read by all.
 */
import { field, sql } from "lineshaft";
import { Account } from "lineshaft/accounts";
import type { ChatDb } from "./model.ts";

export const shownPerson = {
  id: Account.fields.id,
  name: field.text().describe("The name that the account shows; before it has one, the start of its address."),
};

export interface Person {
  readonly id: string;
  readonly name: string;
}

/** SQL of the name that somebody is shown with. */
export const NAME = sql<string>`coalesce(nullif("account"."name", ''), split_part("account"."email", '@', 1))`;

type PersonColumn =
  | "message.author"
  | "last.author"
  | "invitation.invitedBy"
  | "ban.bannedBy"
  | "act.actor"
  | "act.account"
  | "other.account";

/** SQL of the account that a column refers to; null when it is gone. */
export function personOf(column: PersonColumn) {
  return sql<Person | null>`(
    select json_build_object('id', "account"."id", 'name', ${NAME})
    from "accounts"."account" where "account"."id" = ${sql.ref(column)}
  )`;
}

/** Whether there is such an account. */
export async function isAccount(db: ChatDb, id: string): Promise<boolean> {
  const { rows } = await sql`select from "accounts"."account" where "id" = ${id}`.execute(db);
  return rows.length > 0;
}

/** The name that somebody is shown with. */
export async function nameOf(db: ChatDb, id: string): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select ${NAME} as "name" from "accounts"."account" where "id" = ${id}
  `.execute(db);
  return rows[0]?.name ?? "";
}
