/** One of three services that refer to each other in both directions. */
import { entity, field, service } from "lineshaft";
import { Loan } from "../loans/model.ts";
import { Member } from "../members/model.ts";

export class Book extends entity("book", {
  id: field.id(),
  title: field.text(),
  addedBy: field.ref(() => Member),
  lastLoan: field.ref(() => Loan, { onDelete: "set null" }).optional(),
  sequelOf: field.ref(() => Book).optional(),
}) {}

export const library = service("library", { actor: "anyone", entities: { Book } });
