/** Declarations for the tests: every kind of field, every option, and names that want quoting. */
import { entity } from "../../define/entity.ts";
import { field } from "../../define/field.ts";
import { service } from "../../define/service.ts";

const LONG = "l".repeat(63);
const WIDE = "ü".repeat(31);

class Counter extends entity("counter", { number: field.serial(), label: field.text({ max: 40 }).unique() }) {}

class Everything extends entity(
  "everything",
  {
    id: field.id(),
    plain: field.text(),
    limited: field.text({ max: 32 }).default('it\'s \\ "so"\n-- 1;'),
    integer: field.integer().default(-5),
    positive: field.integer().default(7),
    big: field.bigint().default(9_007_199_254_740_993n),
    float: field.float().default(1e-7),
    decimal: field.decimal({ precision: 10, scale: 2 }).default("1.50"),
    money: field.money().default({ currency: "EUR", amount: 1250 }),
    yes: field.boolean().default(true),
    instant: field.time().default(new Date("2026-11-20T12:34:56.780Z")),
    day: field.date().default("2026-11-20"),
    state: field.enum("open", "it's shut", 'with \\ and "').default("open"),
    url: field.url().optional(),
    email: field.email().indexed(),
    loose: field.json().default({ b: [1, { z: null, a: "ü'" }], a: 1.5 }),
    shaped: field.json({ theme: field.enum("light", "dark") }).nullable(),
    words: field.list(field.text({ max: 20 })).default(["a", "b c", 'q"\\', "", "NULL"]),
    states: field.list(field.enum("x", "y")).default(["y"]),
    numbers: field.list(field.decimal({ precision: 6, scale: 3 })).default([]),
    moments: field.list(field.time()),
    prices: field.list(field.money()),
    counter: field.ref(() => Counter, { onDelete: "cascade" }),
    parent: field.ref(() => Everything, { onDelete: "set null" }).optional(),
    other: field.ref(() => Quoted).unique(),
    sum: field.integer().computed('"integer" + "positive"'),
    shout: field.text().computed('upper("plain")').indexed(),
    created: field.now(),
    changed: field.updated(),
    secret: field.text().hidden().nullable().default(null),
  },
  {
    unique: [
      ["integer", "positive"],
      ["day", "limited"],
    ],
    indexes: [
      { on: ["day", "yes"] },
      { on: ["big"], where: "yes and state = 'open'" },
      { on: ["big"], unique: true, where: "not yes" },
      { on: ["email", "day"], unique: true },
      { on: ["words"], using: "gin" },
      { on: ["instant"], using: "brin" },
      { on: ["plain"], using: "hash" },
      { search: ["plain", "limited", "secret"] },
      { search: ["plain"], language: "german" },
    ],
  },
) {}

class Quoted extends entity(
  'select "me"',
  {
    'from"; drop table x; --': field.text({ max: 10 }),
    camelCase: field.integer(),
    "line\nbreak; drop schema public": field.boolean().indexed(),
    "a.b'c": field.enum("1", "2"),
    touchedAt: field.updated(),
    "touched two": field.updated(),
    größe: field.money(),
  },
  { primaryKey: ["camelCase"], indexes: [{ search: ['from"; drop table x; --'] }] },
) {}

class Long extends entity(
  LONG,
  { id: field.id(), [LONG]: field.text().unique(), [WIDE]: field.enum("a").indexed(), [`${WIDE}x`]: field.updated() },
  { indexes: [{ on: [LONG, WIDE] }, { on: [WIDE, LONG] }] },
) {}

// The names of their keys and indexes would be equal: a_b + c, a + b_c.
class Clash extends entity("a", {
  id: field.id(),
  b_c: field.integer().unique(),
  b_c_key: field.integer().indexed(),
}) {}
class ClashToo extends entity("a_b", {
  id: field.id(),
  c: field.integer().unique(),
  c_key: field.integer().indexed(),
}) {}

class Pair extends entity(
  "order",
  { left: field.ref(() => Counter), right: field.ref(() => Extension), table: field.text({ min: 1 }) },
  { primaryKey: ["left", "right"] },
) {}

/** Its primary key is a reference, and it refers back across services. */
class Extension extends entity(
  "extension",
  { of: field.ref(() => Long), everything: field.ref(() => Everything).optional() },
  { primaryKey: ["of"] },
) {}

export const lab = service("lab", { entities: { Everything, Counter, Quoted, Long, Clash, ClashToo } });
export const other = service("user", { entities: { Pair, Extension } });
export const bare = service("bare");

/** All of them: two services that refer to each other, and one without tables. */
export const everything = [lab, other, bare];
