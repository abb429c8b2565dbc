import { entity, field, service } from "lineshaft";
import { Book } from "../library/model.ts";
import { Loan } from "../loans/model.ts";

export class Member extends entity("member", {
  id: field.id(),
  name: field.text(),
  favourite: field.ref(() => Book).optional(),
  latest: field.ref(() => Loan).optional(),
}) {}

export const members = service("members", { entities: { Member } });
