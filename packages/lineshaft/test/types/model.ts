/** Entities with every kind of field, for the tests of the types. */
import { entity, field, service } from "lineshaft";

export class Author extends entity("author", {
  id: field.id(),
  email: field.email().unique(),
  secret: field.text().hidden(),
  tier: field.enum("free", "paid").default("free"),
}) {}

export class Post extends entity(
  "post",
  {
    id: field.id(),
    number: field.bigint(),
    author: field.ref(() => Author),
    title: field.text({ max: 200 }),
    subtitle: field.text().optional(),
    rating: field.float().nullable(),
    state: field.enum("draft", "public").default("draft"),
    words: field.integer().default(0),
    tags: field.list(field.text()),
    price: field.money().optional(),
    settings: field.json({ theme: field.enum("light", "dark"), size: field.integer().optional() }),
    extra: field.json().optional(),
    slug: field.text().computed("lower(title)"),
    note: field.text().hidden(),
    day: field.date(),
    publishedAt: field.time().optional(),
    createdAt: field.now(),
    updatedAt: field.updated(),
  },
  { unique: [["author", "title"]], indexes: [{ on: ["state", "createdAt"] }, { search: ["title", "subtitle"] }] },
) {}

export class Counter extends entity("counter", {
  id: field.serial(),
  total: field.decimal({ precision: 9, scale: 2 }),
}) {}

/** Closed unless an endpoint opens it. */
export const blog = service("blog", { entities: { Author, Post, Counter } });

/** Open unless an endpoint closes it. */
export const feed = service("feed", { entities: { Post }, actor: "anyone" });
