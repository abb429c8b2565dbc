import { entity, field, service } from "lineshaft";
import { Book } from "../library/model.ts";
import { Member } from "../members/model.ts";

export class Loan extends entity("loan", {
  id: field.id(),
  book: field.ref(() => Book),
  member: field.ref(() => Member),
  due: field.date(),
  returnedAt: field.time().optional(),
}) {}

export const loans = service("loans", { entities: { Loan } });
