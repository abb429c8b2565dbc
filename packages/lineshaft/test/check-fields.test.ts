/** Mistakes in fields, defaults and references: each rule goes off on its sample and on nothing else. */

import type { Modules } from "../src/define/declarations.ts";
import {
  Counted,
  entity,
  field,
  Link,
  type Loose,
  Pair,
  type Sample,
  testSamples,
  withEntities,
  withFields,
} from "./check-samples.ts";

const refTo = (target: () => unknown, ...others: Loose[]): Modules =>
  withEntities(...others, entity("a", { id: field.id(), to: field.ref(target) }));

const FIELDS: readonly Sample[] = [
  [
    "a kept mistake",
    () => withFields({ a: field.text({ min: 5, max: 2 }) }),
    /link\.a: text: min 5 is greater than max 2/,
    /Correct/,
  ],
  ["a bad integer bound", () => withFields({ a: field.integer({ max: 3e9 }) }), /bound 3000000000/, /bigint/],
  [
    "a bad bigint bound",
    () => withFields({ a: field.bigint({ max: 2n ** 64n }) }),
    /bound 18446744073709551616n/,
    /10n/,
  ],
  ["a bad text bound", () => withFields({ a: field.text({ min: -1 }) }), /min is -1/, /from 0/],
  [
    "a bad pattern",
    () => withFields({ a: field.text({ pattern: /[\w-.]/ }) }),
    /text: Invalid regular expression/,
    /flag u/,
  ],
  ["a bad precision", () => withFields({ a: field.decimal({ precision: 4.5, scale: 1 }) }), /precision 4\.5/, /whole/],
  ["an empty enum", () => withFields({ a: field.enum() }), /no values/, /at least one/],
  ["a bad list", () => withFields({ a: field.list(field.text(), { max: 0 }) }), /list: max is 0/, /from 1/],
  ["a bad list item", () => withFields({ a: field.list(field.integer({ min: -3e9 })) }), /bound -3000000000/, /bigint/],
  [
    "an entity instead of a thunk",
    () => withEntities(Link, entity("a", { id: field.id(), to: field.ref(Link as never) })),
    /takes a thunk/,
    /./,
  ],
  [
    "a bad onDelete",
    () => withEntities(Link, entity("a", { id: field.id(), to: field.ref(() => Link, { onDelete: "cascad" }) })),
    /onDelete is "cascad"/,
    /"cascade"/,
  ],
  [
    "a thunk that throws",
    () =>
      refTo(() => {
        throw new ReferenceError("Cannot access 'X'");
      }),
    /throws "ReferenceError: Cannot access 'X'"/,
    /not its type/,
  ],
  ["an import circle", () => refTo(() => undefined), /gives undefined/, /model\.ts/],
  [
    "a reference to a table's name",
    () => refTo(() => "link"),
    /gives "link", which is not an entity/,
    /Name the class/,
  ],
  [
    "a reference out of the app",
    () => refTo(() => Link),
    /refers to link \(.*check-samples\.ts:\d+\), which belongs to no service/,
    /Name link in the entities/,
  ],
  [
    "a reference to accounts",
    () => refTo(() => class Account extends entity("account", { id: field.id() }) {}),
    /to Account/,
    /lineshaft\/accounts/,
  ],
  ["a composite target", () => refTo(() => Pair, Pair), /primary key has 2 columns: a, b/, /field\.id\(\)/],
  [
    "a serial target",
    () => refTo(() => Counted, Counted),
    /key "id" is of kind serial; references hold strings/,
    /field\.id\(\)/,
  ],
  [
    "a default out of bounds",
    () => withFields({ a: field.integer({ max: 5 }).default(6) }),
    /default 6 does not fit.*<= 5/,
    /would take/,
  ],
  [
    "a default of another kind",
    () => withFields({ a: field.boolean().default("no") }),
    /default "no".*must be boolean/,
    /would take/,
  ],
  [
    "a default outside an enum",
    () => withFields({ a: field.enum("a", "b").default("c") }),
    /default "c" does not fit/,
    /would take/,
  ],
  ["a null default", () => withFields({ a: field.text().default(null) }), /default null.*not nullable/, /would take/],
  ["no default", () => withFields({ a: field.text().default(undefined) }), /default undefined/, /would take/],
  [
    "a default that is no Date",
    () => withFields({ a: field.time().default("2026-01-01") }),
    /valid Date/,
    /would take/,
  ],
  ["a default that is no bigint", () => withFields({ a: field.bigint().default(1) }), /must be a bigint/, /would take/],
  [
    "a bigint default out of bounds",
    () => withFields({ a: field.bigint({ max: 5n }).default(6n) }),
    /default 6n.*from .* to 5/,
    /would take/,
  ],
  [
    "a default that is no list",
    () => withFields({ a: field.list(field.text()).default("x") }),
    /must be an array/,
    /would take/,
  ],
  [
    "a default list too long",
    () => withFields({ a: field.list(field.text(), { max: 1 }).default(["x", "y"]) }),
    /at most 1 items/,
    /would take/,
  ],
  [
    "a default item",
    () => withFields({ a: field.list(field.text({ max: 1 })).default(["xy"]) }),
    /default \["xy"\] does not fit/,
    /would take/,
  ],
  [
    "a default of another shape",
    () => withFields({ a: field.json({ b: field.text() }).default({}) }),
    /default \{\} does not fit/,
    /would take/,
  ],
  ["a default without JSON", () => withFields({ a: field.json().default(() => 1) }), /no JSON form/, /would take/],
];

testSamples("mistakes of fields", FIELDS);
