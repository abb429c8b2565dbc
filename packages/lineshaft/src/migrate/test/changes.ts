/** Changes of declarations for the contract of plans: each with the steps that it must give, and no other. */
import { type EntityOptions, entity } from "../../define/entity.ts";
import { type Fields, field } from "../../define/field.ts";
import { service } from "../../define/service.ts";

export const LINK = { id: field.id(), code: field.text({ max: 32 }) };

/** A service `links` with one entity `link`. */
export function links(fields: Fields = LINK, options: EntityOptions<string> = {}): unknown[] {
  class Link extends entity("link", fields, options) {}
  return [service("links", { entities: { Link } })];
}

export interface Change {
  readonly what: string;
  readonly before: unknown[];
  readonly after: unknown[];
  /** A row for `before`. */
  readonly row?: string;
  readonly steps: readonly string[];
  /** Whether it works when every step is allowed. Default true. */
  readonly works?: boolean;
}

const ROW = "insert into links.link (code) values ('a')";
const number = { ...LINK, n: field.integer() };
const NUMBER_ROW = "insert into links.link (code, n) values ('a', 1)";
const state = (...values: [string, ...string[]]): Fields => ({ ...LINK, state: field.enum(...values).default("a") });

export const CHANGES: readonly Change[] = [
  {
    what: "an optional column",
    before: links(),
    after: links({ ...LINK, note: field.text().optional() }),
    row: ROW,
    steps: ["additive add-column:links.link.note"],
  },
  {
    what: "a column with a default",
    before: links(),
    after: links({ ...LINK, n: field.integer().default(3) }),
    row: ROW,
    steps: ["additive add-column:links.link.n"],
  },
  {
    what: "a required column on an empty table",
    before: links(),
    after: links({ ...LINK, n: field.integer() }),
    steps: ["additive add-column:links.link.n"],
  },
  {
    what: "a required column on rows",
    before: links(),
    after: links({ ...LINK, n: field.integer() }),
    row: ROW,
    steps: ["risky add-column:links.link.n"],
  },
  {
    what: "a required enum on rows",
    before: links(),
    after: links({ ...LINK, s: field.enum("u", "v") }),
    row: ROW,
    steps: [
      "risky add-column:links.link.s",
      "additive add-check:links.link.link_s_check_*",
      "additive validate:links.link.link_s_check_*",
    ],
  },
  {
    what: "a required time on rows",
    before: links(),
    after: links({ ...LINK, t: field.time() }),
    row: ROW,
    steps: ["risky add-column:links.link.t"],
    works: false,
  },
  {
    what: "a dropped column",
    before: links(number),
    after: links(),
    row: NUMBER_ROW,
    steps: ["additive loosen-column:links.link.n", "destructive drop-column:links.link.n"],
  },
  {
    what: "a wider text",
    before: links(),
    after: links({ ...LINK, code: field.text({ max: 64 }) }),
    row: ROW,
    steps: ["additive change-type:links.link.code"],
  },
  {
    what: "a text without limit",
    before: links(),
    after: links({ ...LINK, code: field.text() }),
    row: ROW,
    steps: ["additive change-type:links.link.code"],
  },
  {
    what: "a narrower text",
    before: links(),
    after: links({ ...LINK, code: field.text({ max: 8 }) }),
    row: ROW,
    steps: ["destructive change-type:links.link.code"],
  },
  {
    what: "integer to bigint with a default",
    before: links({ ...LINK, n: field.integer().default(1) }),
    after: links({ ...LINK, n: field.bigint().default(2n) }),
    row: ROW,
    steps: ["additive change-type:links.link.n"],
  },
  {
    what: "bigint to integer",
    before: links({ ...LINK, n: field.bigint().default(1n) }),
    after: links({ ...LINK, n: field.integer().default(1) }),
    row: ROW,
    steps: ["destructive change-type:links.link.n"],
  },
  {
    what: "a wider decimal",
    before: links({ ...LINK, d: field.decimal({ precision: 6, scale: 2 }).default("1") }),
    after: links({ ...LINK, d: field.decimal({ precision: 9, scale: 3 }).default("1") }),
    row: ROW,
    steps: ["additive change-type:links.link.d"],
  },
  {
    what: "a decimal that loses a digit in front",
    before: links({ ...LINK, d: field.decimal({ precision: 6, scale: 2 }).default("1") }),
    after: links({ ...LINK, d: field.decimal({ precision: 6, scale: 3 }).default("1") }),
    row: ROW,
    steps: ["destructive change-type:links.link.d"],
  },
  {
    what: "a wider list",
    before: links({ ...LINK, l: field.list(field.text({ max: 3 })).default([]) }),
    after: links({ ...LINK, l: field.list(field.text()).default([]) }),
    row: ROW,
    steps: ["additive change-type:links.link.l"],
  },
  {
    what: "an optional field that was required",
    before: links(),
    after: links({ ...LINK, code: field.text({ max: 32 }).optional() }),
    row: ROW,
    steps: ["additive loosen-column:links.link.code"],
  },
  {
    what: "a required field that was optional",
    before: links({ ...LINK, n: field.integer().optional() }),
    after: links(number),
    row: NUMBER_ROW,
    steps: ["risky require-column:links.link.n"],
  },
  {
    what: "the same on an empty table",
    before: links({ ...LINK, n: field.integer().optional() }),
    after: links(number),
    steps: ["additive require-column:links.link.n"],
  },
  {
    what: "the same with a default for those without",
    before: links({ ...LINK, n: field.integer().optional() }),
    after: links({ ...LINK, n: field.integer().default(4) }),
    row: ROW,
    steps: ["additive change-default:links.link.n", "risky require-column:links.link.n"],
  },
  {
    what: "a changed default",
    before: links({ ...LINK, n: field.integer().default(1) }),
    after: links({ ...LINK, n: field.integer().default(2) }),
    row: ROW,
    steps: ["additive change-default:links.link.n"],
  },
  {
    what: "a default no more",
    before: links({ ...LINK, n: field.integer().default(1) }),
    after: links(number),
    row: ROW,
    steps: ["additive change-default:links.link.n"],
  },
  {
    what: "one more value of an enum",
    before: links(state("a", "b")),
    after: links(state("a", "b", "c")),
    row: ROW,
    steps: [
      "additive drop-check:links.link.link_state_check_*",
      "additive add-check:links.link.link_state_check_*",
      "additive validate:links.link.link_state_check_*",
    ],
  },
  {
    what: "one value of an enum less",
    before: links(state("a", "b")),
    after: links(state("a")),
    row: ROW,
    steps: [
      "additive drop-check:links.link.link_state_check_*",
      "risky add-check:links.link.link_state_check_*",
      "additive validate:links.link.link_state_check_*",
    ],
  },
  {
    what: "an enum that becomes text",
    before: links(state("a")),
    after: links({ ...LINK, state: field.text().default("a") }),
    row: ROW,
    steps: ["additive drop-check:links.link.link_state_check_*"],
  },
  {
    what: "a unique field over rows",
    before: links(),
    after: links({ ...LINK, code: LINK.code.unique() }),
    row: ROW,
    steps: ["risky add-unique:links.link.link_code_key"],
  },
  {
    what: "a unique field on an empty table",
    before: links(),
    after: links({ ...LINK, code: LINK.code.unique() }),
    steps: ["additive add-unique:links.link.link_code_key"],
  },
  {
    what: "a unique field no more",
    before: links({ ...LINK, code: LINK.code.unique() }),
    after: links(),
    row: ROW,
    steps: ["destructive drop-constraint:links.link.link_code_key"],
  },
  {
    what: "an index",
    before: links(),
    after: links({ ...LINK, code: LINK.code.indexed() }),
    row: ROW,
    steps: ["additive add-index:links.link.link_code_idx"],
  },
  {
    what: "an index no more",
    before: links({ ...LINK, code: LINK.code.indexed() }),
    after: links(),
    row: ROW,
    steps: ["destructive drop-index:links.link.link_code_idx"],
  },
  {
    what: "another condition of a partial index",
    before: links(LINK, { indexes: [{ on: ["code"], where: "code > 'a'" }] }),
    after: links(LINK, { indexes: [{ on: ["code"], where: "code > 'b'" }] }),
    row: ROW,
    steps: ["destructive drop-index:links.link.link_code_*_idx", "additive add-index:links.link.link_code_*_idx"],
  },
  {
    what: "a search index",
    before: links(),
    after: links(LINK, { indexes: [{ search: ["code"] }] }),
    row: ROW,
    steps: ["additive add-index:links.link.link_code_search_*_idx"],
  },
  {
    what: "a touched column",
    before: links(),
    after: links({ ...LINK, changed: field.updated() }),
    row: ROW,
    steps: ["additive add-column:links.link.changed", "additive add-trigger:links.link.link_changed_touch"],
  },
  {
    what: "a touched column no more",
    before: links({ ...LINK, changed: field.updated() }),
    after: links({ ...LINK, changed: field.now() }),
    row: ROW,
    steps: ["additive drop-trigger:links.link.link_changed_touch"],
  },
  {
    what: "a computed column",
    before: links(),
    after: links({ ...LINK, up: field.text().computed("upper(code)").indexed() }),
    row: ROW,
    steps: ["additive add-column:links.link.up", "additive add-index:links.link.link_up_idx"],
  },
  {
    what: "another expression of it",
    before: links({ ...LINK, up: field.text().computed("upper(code)").indexed() }),
    after: links({ ...LINK, up: field.text().computed("lower(code)").indexed() }),
    row: ROW,
    steps: ["destructive recompute-column:links.link.up"],
  },
  {
    what: "a computed column that becomes a plain one",
    before: links({ ...LINK, up: field.text().computed("upper(code)") }),
    after: links({ ...LINK, up: field.text() }),
    row: ROW,
    steps: ["additive drop-expression:links.link.up"],
  },
  {
    what: "a number that becomes serial",
    before: links({ n: field.integer(), code: LINK.code }, { primaryKey: ["n"] }),
    after: links({ n: field.serial(), code: LINK.code }),
    row: NUMBER_ROW,
    steps: ["additive add-identity:links.link.n"],
  },
  {
    what: "another primary key",
    before: links(number),
    after: links(number, { primaryKey: ["id", "n"] }),
    row: NUMBER_ROW,
    steps: ["destructive change-primary-key:links.link"],
  },
  {
    what: "a dropped table",
    before: links(),
    after: [service("links")],
    row: ROW,
    steps: ["destructive drop-table:links.link"],
  },
];
