/**
 * Mistakes in declarations: each rule goes off on its sample and on nothing else, and all mistakes come at once.
 *
 * It lies outside `src/define`, whose own lines no place ever names.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkDeclarations } from "../src/define/check.ts";
import { collect, type Modules } from "../src/define/declarations.ts";
import { entity as typedEntity } from "../src/define/entity.ts";
import { DeclarationError, type Mistake } from "../src/define/errors.ts";
import { field as typedField } from "../src/define/field.ts";
import { service as typedService } from "../src/define/service.ts";
import { content, list, nullable, page } from "../src/define/shape.ts";
import { didYouMean } from "../src/define/suggest.ts";

// The types refuse most of these samples, so the samples go round them.
// biome-ignore lint/suspicious/noExplicitAny: as above.
type Loose = any;
const entity = typedEntity as (table: Loose, fields: Loose, options?: Loose) => Loose;
const field: Loose = typedField;
const service = typedService as (name: Loose, options?: Loose) => Loose;

const PLACE = /^packages\/lineshaft\/test\/check\.test\.ts:\d+$/;
const run = async (): Promise<undefined> => undefined;

function mistakesOf(modules: Modules): readonly Mistake[] {
  try {
    checkDeclarations(collect(modules), modules);
    return [];
  } catch (error) {
    assert.ok(error instanceof DeclarationError, String(error));
    return error.mistakes;
  }
}

/** An app with one service of these entities. */
function withEntities(...entities: readonly Loose[]): Modules {
  return { app: { app: service("app", { entities: { ...entities } }) } };
}

/** An app with one entity of an id and these fields. */
function withFields(fields: Loose, options: Loose = {}): Modules {
  return withEntities(entity("link", { id: field.id(), ...fields }, options));
}

function withService(name: Loose, options: Loose = {}): Modules {
  return { app: { app: service(name, options) } };
}

const Link = entity("link", {
  id: field.id(),
  code: field.text({ max: 32 }).unique(),
  secret: field.text().hidden(),
  slug: field.text().computed("lower(code)"),
});

/** An app with one command, or one query where the route says GET, open to anyone. */
function withEndpoint(route: string, definition: Loose = {}, options: Loose = {}): Modules {
  const app = service("app", { entities: { Link }, actor: "anyone", ...options });
  const isQuery = route.startsWith("GET");
  const endpoint = { run, ...(isQuery ? { output: Link } : {}), ...definition };
  return { app: { one: isQuery ? app.query(route, endpoint) : app.command(route, endpoint) } };
}

function withInput(route: string, input: Loose): Modules {
  return withEndpoint(route, { input });
}

function withOutput(output: Loose): Modules {
  return withEndpoint("POST /links", { output });
}

function withTwo(first: string, second: string): Modules {
  const app = service("app", { actor: "anyone" });
  const input = { x: field.text(), y: field.text() };
  return { app: { one: app.command(first, { input, run }), two: app.command(second, { input, run }) } };
}

type Sample = readonly [name: string, app: () => Modules, problem: RegExp, wayOut: RegExp];

const ENTITIES: readonly Sample[] = [
  ["an empty table", () => withEntities(entity("", { id: field.id() })), /name is empty/, /1 to 63 bytes/],
  ["a long table", () => withEntities(entity("ä".repeat(32), { id: field.id() })), /is 64 bytes long/, /cuts longer/],
  ["a NUL in a table", () => withEntities(entity("a\0b", { id: field.id() })), /"a\\u0000b" holds/, /letters/],
  ["a table that is no text", () => withEntities(entity(7, { id: field.id() })), /name is 7, not a text/, /name of 1/],
  ["a long field", () => withFields({ ["x".repeat(64)]: field.text() }), /is 64 bytes long/, /63 bytes/],
  [
    "a prototype name",
    () => withFields({ ["__proto__"]: field.text() }),
    /link\.__proto__: .*JavaScript/,
    /another name/,
  ],
  ["a system column", () => withFields({ xmin: field.text() }), /has a column "xmin"/, /another name/],
  ["no field", () => withFields({ code: "text" }), /link\.code: it is "text", which is not a field/, /field\.text/],
  ["no primary key", () => withEntities(entity("a", { x: field.text() })), /no primary key/, /field\.id\(\)/],
  ["two ids", () => withFields({ nr: field.serial() }), /has 2 ids: id, nr/, /Keep one/],
  [
    "unknown in primaryKey",
    () => withFields({ code: field.text() }, { primaryKey: ["cod"] }),
    /primaryKey: there is no field "cod"/,
    /Did you mean "code"\?/,
  ],
  [
    "empty primaryKey",
    () => withFields({}, { primaryKey: [] }),
    /primaryKey: it names no field/,
    /at least one of: id/,
  ],
  [
    "unknown in unique",
    () => withFields({ code: field.text() }, { unique: [["coed"]] }),
    /unique: there is no field "coed"/,
    /"code"/,
  ],
  [
    "twice in unique",
    () => withFields({ code: field.text() }, { unique: [["code", "code"]] }),
    /names "code" twice/,
    /once/,
  ],
  [
    "unknown in indexes",
    () => withFields({ code: field.text() }, { indexes: [{ on: ["kode"] }] }),
    /indexes: there is no field "kode"/,
    /"code"/,
  ],
  [
    "unknown in search",
    () => withFields({ code: field.text() }, { indexes: [{ search: ["kode"] }] }),
    /no field "kode"/,
    /"code"/,
  ],
  [
    "optional in key",
    () => withFields({ a: field.text().optional() }, { primaryKey: ["a"] }),
    /it is optional\(\) and stands in the primary/,
    /no nulls/,
  ],
  [
    "nullable in key",
    () => withFields({ a: field.text().nullable() }, { primaryKey: ["a"] }),
    /nullable\(\) and stands/,
    /no nulls/,
  ],
  [
    "JSON in key",
    () => withFields({ a: field.json() }, { primaryKey: ["a"] }),
    /JSON stands in the primary key/,
    /field\.id/,
  ],
  ["hidden id", () => withEntities(entity("a", { id: field.id().hidden() })), /id is hidden/, /pick\(\)/],
  [
    "computed with default",
    () => withFields({ a: field.text().default("x").computed("b") }),
    /computed and has a default/,
    /leave out/,
  ],
  [
    "computed and optional",
    () => withFields({ a: field.text().computed("b").optional() }),
    /computed and has optional\(\)/,
    /leave out/,
  ],
  [
    "set null, required",
    () => withEntities(Link, entity("a", { id: field.id(), to: field.ref(() => Link, { onDelete: "set null" }) })),
    /cannot be null/,
    /optional\(\)/,
  ],
  ["unique JSON", () => withFields({ a: field.json().unique() }), /unique\(\) on JSON/, /gin/],
  ["indexed JSON", () => withFields({ a: field.list(field.json()).indexed() }), /indexed\(\) on JSON/, /gin/],
  ["JSON in unique", () => withFields({ a: field.money() }, { unique: [["a"]] }), /unique: "a" is JSON/, /gin/],
  ["JSON in btree", () => withFields({ a: field.json() }, { indexes: [{ on: ["a"] }] }), /indexes: "a" is JSON/, /gin/],
  ["unknown method", () => withFields({}, { indexes: [{ on: ["id"], using: "btre" }] }), /using is "btre"/, /"btree"/],
  [
    "unique gin",
    () => withFields({ a: field.json() }, { indexes: [{ on: ["a"], using: "gin", unique: true }] }),
    /unique index.*"gin"/,
    /Only btree/,
  ],
  [
    "search of numbers",
    () => withFields({ a: field.integer() }, { indexes: [{ search: ["a"] }] }),
    /searches "a".*integer/,
    /kind text/,
  ],
  [
    "two search indexes",
    () => withFields({ a: field.text(), b: field.text() }, { indexes: [{ search: ["a"] }, { search: ["b"] }] }),
    /2 search indexes/,
    /one index/,
  ],
  [
    "time in JSON",
    () => withFields({ a: field.json({ b: { c: field.time() } }) }),
    /link\.a\.b\.c: a time inside JSON comes back.*string/,
    /column/,
  ],
  [
    "bigints in JSON",
    () => withFields({ a: field.list(field.json({ b: field.list(field.bigint()) })) }),
    /a bigint inside JSON/,
    /column/,
  ],
  [
    "an id in JSON",
    () => withFields({ a: field.json({ b: list(nullable({ c: field.id() })) }) }),
    /makes no id inside JSON/,
    /entity/,
  ],
  [
    "a reference in JSON",
    () => withEntities(Link, entity("a", { id: field.id(), b: field.json({ c: field.ref(() => Link) }) })),
    /no foreign key/,
    /column/,
  ],
  [
    "an entity in JSON",
    () => withFields({ a: field.json({ b: Link }) }),
    /cannot hold the entity the function or class/,
    /field\.ref/,
  ],
  ["no shape in JSON", () => withFields({ a: field.json({ b: "text" }) }), /cannot hold "text"/, /fields/],
  [
    "a prototype name in JSON",
    () => withFields({ a: field.json({ constructor: field.text() }) }),
    /"constructor" has a meaning/,
    /another/,
  ],
  ["JSON in JSON in JSON …", () => withFields({ a: field.json(nest(40)) }), /deeper than 32 levels/, /flatter/],
];

function nest(levels: number): Loose {
  return levels === 0 ? field.text() : { a: nest(levels - 1) };
}

const Pair = entity("pair", { a: field.text(), b: field.text() }, { primaryKey: ["a", "b"] });
const Counted = entity("counted", { id: field.serial() });
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
    /refers to link \(.*check\.test\.ts:\d+\), which belongs to no service/,
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

const SERVICES: readonly Sample[] = [
  ["a bad name", () => withService("My-App"), /service "My-App": the name cannot be/, /lower-case/],
  ["a long name", () => withService("a".repeat(64)), /name cannot be/, /at most 63/],
  ...["lineshaft", "public", "pg_x", "information_schema"].map(
    (name): Sample => [`the reserved name ${name}`, () => withService(name), /reserved/, /another name/],
  ),
  [
    "two of one name",
    () => ({ a: { a: service("app") }, b: { b: service("app") } }),
    /another service has this name \(.*:\d+\)/,
    /another name/,
  ],
  ["no slash before a prefix", () => withService("app", { prefix: "api" }), /prefix is "api"/, /Begin with "\/"/],
  ["a slash after a prefix", () => withService("app", { prefix: "/api/" }), /prefix is "\/api\/"/, /end without/],
  [
    "a parameter in a prefix",
    () => withService("app", { prefix: "/:tenant" }),
    /prefix is "\/:tenant"/,
    /no parameters/,
  ],
  [
    "cors: credentials for all",
    () => withService("app", { cors: { origins: "*", credentials: true } }),
    /credentials to origins "\*"/,
    /list the origins/,
  ],
  [
    "cors: no list",
    () => withService("app", { cors: { origins: "https://a.example" } }),
    /cors\.origins is "https:/,
    /list/,
  ],
  [
    "cors: a path",
    () => withService("app", { cors: { origins: ["https://a.example/x"] } }),
    /not an origin/,
    /"https:\/\/a\.example"/,
  ],
  [
    "cors: no scheme",
    () => withService("app", { cors: { origins: ["a.example"] } }),
    /"a\.example", which is not/,
    /scheme/,
  ],
  [
    "cors: a star in the list",
    () => withService("app", { cors: { origins: ["*"] } }),
    /"\*", which is not/,
    /without a list/,
  ],
  [
    "two that authenticate",
    () => ({ a: { a: service("a", { authenticate: run }) }, b: { b: service("b", { authenticate: run }) } }),
    /service "b": it has authenticate, as the service "a"/,
    /One service/,
  ],
  ["authenticate is no function", () => withService("app", { authenticate: true }), /authenticate is true/, /function/],
  ["an unknown actor rule", () => withService("app", { actor: "acount" }), /actor is "acount"/, /"account"/],
  [
    "an unknown unknownInput",
    () => withService("app", { unknownInput: "ignroe" }),
    /unknownInput is "ignroe"/,
    /"ignore"/,
  ],
  ["an entity that is none", () => withEntities(undefined), /entities\.0 is undefined/, /model\.ts/],
  [
    "a table twice",
    () => withEntities(Pair, entity("pair", { id: field.id() })),
    /another entity has the table "pair": pair \(.*:\d+\)/,
    /another table/,
  ],
  [
    "an entity in two services",
    () => ({ a: { a: service("a", { entities: { Link } }) }, b: { b: service("b", { entities: { Link } }) } }),
    /service "b": the entity link belongs to the service "a"/,
    /one service/,
  ],
];

const ENDPOINTS: readonly Sample[] = [
  ["a route without a method", () => withEndpoint("/links"), /route "\/links" has another form/, /POST \/links/],
  ["a route with a space", () => withEndpoint("POST /a b"), /route "POST \/a b"/, /method and path/],
  [
    "a command that reads",
    () => ({ app: { one: service("app", { actor: "anyone" }).command("GET /a", { run }) } }),
    /a command with the method GET/,
    /POST, PUT/,
  ],
  [
    "a query that writes",
    () => ({
      app: { one: service("app", { actor: "anyone" }).query("POST /a", { output: content("text/csv"), run }) },
    }),
    /a query with the method POST/,
    /declare a command/,
  ],
  ["a wildcard", () => withEndpoint("POST /a/*"), /part "\*"/, /no wildcards/],
  ["an empty part", () => withEndpoint("POST /a//b"), /part ""/, /word/],
  ["a pattern", () => withInput("POST /a/:x.json", { x: field.text() }), /part ":x\.json"/, /alone/],
  ["a parameter twice", () => withInput("POST /:x/:x", { x: field.text() }), /:x twice/, /name of its own/],
  [
    "a route twice",
    () => withTwo("POST /a/:x", "POST /a/:y"),
    /app\.two \(POST \/a\/:y\): app\.one has the same route.*:\d+\)/,
    /do not tell/,
  ],
  ...["/health/live", "/health/ready", "/openapi.json", "/docs", "/docs/x", "/metrics"].map(
    (path): Sample => [`the fixed path ${path}`, () => withEndpoint(`POST ${path}`), /platform answers/, /prefix/],
  ),
  ["a parameter without input", () => withInput("GET /a/:code", {}), /:code, the input has not/, /Add code: field/],
  ["an unknown actor", () => withEndpoint("POST /a", { actor: "anyon" }), /actor is "anyon"/, /"anyone"/],
  [
    "an account without accounts",
    () => withEndpoint("POST /a", { actor: "account" }),
    /wants an account, and no service/,
    /lineshaft\/accounts/,
  ],
  [
    "a bad rate",
    () => withEndpoint("POST /a", { limit: { per: "all", rate: "60/min" } }),
    /rate is "60\/min"/,
    /60\/minute/,
  ],
  [
    "a rate of zero",
    () => withEndpoint("POST /a", { limit: { per: "all", rate: "0/minute" } }),
    /rate is "0\/minute"/,
    /from 1/,
  ],
  [
    "a bad limit",
    () => withEndpoint("POST /a", { limit: { per: "adress", rate: "1/day" } }),
    /per is "adress"/,
    /"address"/,
  ],
  [
    "a bad isolation",
    () => withEndpoint("POST /a", { isolation: "serialisable" }),
    /isolation is "serialisable"/,
    /"serializable"/,
  ],
  [
    "a query with isolation",
    () => withEndpoint("GET /a", { isolation: "read committed" }),
    /query with the isolation/,
    /leave out/,
  ],
  ["no run", () => withEndpoint("POST /a", { run: "go" }), /run is "go"/, /async run/],
  [
    "a small code",
    () => withEndpoint("POST /a", { errors: { taken: { status: 409, title: "x" } } }),
    /code "taken"/,
    /CODE_TAKEN/,
  ],
  [
    "a code of the platform",
    () => withEndpoint("POST /a", { errors: { NOT_FOUND: { status: 404, title: "x" } } }),
    /NOT_FOUND is one of the platform/,
    /fail\("NOT_FOUND"\)/,
  ],
  [
    "an error of the server",
    () => withEndpoint("POST /a", { errors: { A: { status: 500, title: "x" } } }),
    /A has the status 500/,
    /400 to 499/,
  ],
  [
    "an error without words",
    () => withEndpoint("POST /a", { errors: { A: { status: 409, title: "" } } }),
    /title ""/,
    /few words/,
  ],
  ["a bad status", () => withEndpoint("POST /a", { status: 302 }), /status is 302/, /200, 201/],
  ["204 with output", () => withEndpoint("POST /a", { status: 204, output: Link }), /204, which has no body/, /200/],
  ["200 without output", () => withEndpoint("POST /a", { status: 200 }), /200, but there is no output/, /204/],
  [
    "a query without output",
    () => withEndpoint("GET /a", { output: undefined }),
    /query has no output/,
    /output: Link/,
  ],
];

const SHAPES: readonly Sample[] = [
  ["an entity as input", () => withInput("POST /a", Link), /input: it is the function.*not an object/, /link\.fields/],
  ["JSON Schema as input", () => withInput("POST /a", { type: "object" }), /another library/, /field\.text/],
  [
    "a text as shape",
    () => withInput("POST /a", { a: "string" }),
    /input\.a: it is "string", which is not a shape/,
    /A shape is/,
  ],
  ["a class as shape", () => withInput("POST /a", { a: Date }), /class Date, which is not/, /A shape is/],
  [
    "JSON Schema as shape",
    () => withInput("POST /a", { a: { type: "string" } }),
    /input\.a: it is a schema of another/,
    /field/,
  ],
  [
    "another library as shape",
    () =>
      withInput("POST /a", {
        a: new (class {
          "~standard" = {};
        })(),
      }),
    /another library/,
    /field/,
  ],
  [
    "a prototype name",
    () => withInput("POST /a", { ["__proto__"]: field.text() }),
    /"__proto__" has a meaning/,
    /another/,
  ],
  [
    "a computed input",
    () => withInput("GET /a/:slug", { slug: Link.fields.slug }),
    /input\.slug: it is computed/,
    /without computed/,
  ],
  ["an unknown source", () => withInput("POST /a", { a: field.text().from("heder") }), /read from "heder"/, /"header"/],
  ["a body on GET", () => withInput("GET /a", { a: field.text().from("body") }), /GET has none/, /query/],
  ["a bad header", () => withInput("GET /a", { a: field.text().from("header", "x y") }), /"x y" cannot be/, /hyphens/],
  [
    "a parameter from elsewhere",
    () => withInput("GET /:a", { a: field.text().from("query") }),
    /from the query, but the route has :a/,
    /from\(\)/,
  ],
  [
    "a path without parameter",
    () => withInput("GET /a", { a: field.text().from("path") }),
    /route has no :a/,
    /Write :a/,
  ],
  [
    "an optional parameter",
    () => withInput("GET /:a", { a: field.text().optional() }),
    /optional, but a path/,
    /two endpoints/,
  ],
  [
    "a list in the path",
    () => withInput("GET /:a", { a: field.list(field.text()) }),
    /a list, which the path/,
    /single/,
  ],
  [
    "an object in the path",
    () => withInput("GET /:a", { a: { b: field.text() } }),
    /an object, which the path/,
    /single/,
  ],
  [
    "an object in the query",
    () => withInput("GET /a", { a: { b: field.text() } }),
    /an object, which the query/,
    /command/,
  ],
  ["money in the query", () => withInput("DELETE /a", { a: field.money() }), /money, which the query/, /body/],
  [
    "list() in the query",
    () => withInput("GET /a", { a: list(field.text()) }),
    /list\(\), which the query/,
    /field\.list/,
  ],
  [
    "objects in the query",
    () => withInput("GET /a", { a: field.list(field.json()) }),
    /list of json, which the query/,
    /parts/,
  ],
  [
    "JSON in a header",
    () => withInput("POST /a", { a: field.json().from("header") }),
    /json, which the header/,
    /body/,
  ],
  [
    "a list in a cookie",
    () => withInput("POST /a", { a: field.list(field.text()).from("cookie") }),
    /a list, which the cookie/,
    /query/,
  ],
  [
    "a kept mistake in an input",
    () => withInput("POST /a", { a: { b: list(field.integer({ min: 2, max: 1 })) } }),
    /app\.one.*input\.a\.b\.\[\]: integer: min 2/,
    /Correct/,
  ],
  ["a bad list", () => withInput("POST /a", { a: list(field.text(), { max: 0 }) }), /list: max is 0/, /from 1/],
  ["content in an input", () => withInput("POST /a", { a: content("text/csv") }), /as a whole/, /field\.text/],
  [
    "a field that was never there",
    () => withOutput(Link.pick("cod")),
    /output\.cod: it is undefined/,
    /Did you mean "code"\?/,
  ],
  ["content inside an output", () => withOutput({ a: content("text/csv") }), /output\.a: content/, /output: content/],
  ["content without a type", () => withOutput(content("csv")), /content\("csv"\)/, /text\/csv/],
  ["an unknown output", () => withOutput("Link"), /output: it is "Link"/, /A shape is/],
  [
    "an unknown item",
    () => withOutput(page({ a: nullable(null as never) } as never)),
    /output\.items\.\[\]\.a: it is null/,
    /A shape is/,
  ],
  [
    "a hidden entity",
    () => withOutput(entity("x", { id: field.text().hidden() })),
    /all fields of x are hidden/,
    /another field/,
  ],
  ["a hidden object", () => withOutput(Link.pick("secret")), /all its fields are hidden: secret/, /another/],
  ["a shape too deep", () => withOutput(nest(40)), /deeper than 32 levels/, /flatter/],
  ["an unknown shape in JSON", () => withOutput({ a: field.json({ b: 7 }) }), /output\.a\.b: it is 7/, /A shape is/],
  ["an entity of no service", () => withOutput(entity("x", { id: "no" })), /output\.id: it is "no"/, /A shape is/],
];

const TABLES = { entities: ENTITIES, fields: FIELDS, services: SERVICES, endpoints: ENDPOINTS, shapes: SHAPES };

for (const [table, samples] of Object.entries(TABLES)) {
  describe(`mistakes of ${table}`, () => {
    for (const [name, app, problem, wayOut] of samples) {
      test(name, () => {
        const found = mistakesOf(app());
        assert.equal(found.length, 1, `exactly one mistake: ${JSON.stringify(found, null, 2)}`);
        assert.match(found[0]!.problem, problem);
        assert.match(found[0]!.wayOut, wayOut);
        assert.match(found[0]!.place, PLACE);
      });
    }
  });
}

describe("all mistakes at once", () => {
  test("ten mistakes of one app come together, each with its own place", () => {
    const One = entity("one", { id: field.id(), a: field.integer({ max: 5 }).default(6) }, { unique: [["b"]] });
    const Two = entity("two", { a: field.ref(() => undefined), b: field.text().optional() }, { primaryKey: ["b"] });
    const app = service("App", { entities: { One, Two }, actor: "anyone", prefix: "app" });
    const bad = app.command("POST /a/:x", {
      run,
      limit: { per: "all", rate: "often" },
      errors: { no: { status: 500, title: "No" } },
    });
    const found = mistakesOf({ app: { bad } });
    assert.equal(found.length, 10, JSON.stringify(found, null, 2));
    assert.deepEqual([...new Set(found.map((each) => each.place))].length, 4);
    const { message } = new DeclarationError(found);
    assert.match(message, /^10 mistakes in the declarations:\n/);
    for (const each of found) assert.ok(message.includes(each.problem) && message.includes(each.wayOut));
  });

  test("a field that many places use is judged once, at its entity", () => {
    const Bad = entity("bad", {
      id: field.id(),
      a: field.text({ min: 3, max: 2 }),
      b: field.integer({ max: 1 }).default(2),
    });
    const app = service("app", { entities: { Bad }, actor: "anyone" });
    const one = app.command("POST /a", { input: { a: Bad.fields.a.optional(), b: Bad.fields.b }, output: Bad, run });
    const found = mistakesOf({ app: { app, one } });
    assert.deepEqual(
      found.map((each) => each.problem.split(":")[0]),
      ["bad.a", "bad.b"],
    );
  });

  test("endpoints that want accounts which are not there are one mistake per service", () => {
    const app = service("app");
    const found = mistakesOf({ app: { one: app.command("POST /a", { run }), two: app.command("POST /b", { run }) } });
    assert.equal(found.length, 1);
    assert.match(found[0]!.problem, /^app\.one \(POST \/a\): .*\(and 1 more of the service "app"\)/);
  });

  test("one endpoint under two names is one mistake, not a route that is taken", () => {
    const one = service("app", { actor: "anyone" }).command("POST /a", { run });
    const found = mistakesOf({ app: { one, two: one } });
    assert.deepEqual(
      found.map((each) => each.problem),
      ["app.two (POST /a): the same endpoint is exported as app.one, too"],
    );
    assert.match(found[0]!.place, PLACE);
  });

  test("a module that exports nothing for an app is named", () => {
    const [mistake, ...others] = mistakesOf({ model: { Link }, app: { app: service("app") } });
    assert.equal(others.length, 0);
    assert.match(mistake!.place, /: model$/);
    assert.match(mistake!.problem, /module "model": it exports neither .* but Link/);
    assert.match(mistake!.wayOut, /Export endpoints or a service/);
  });
});

describe("correct declarations", () => {
  const User = entity("user", { id: field.id(), email: field.email().unique(), password: field.text().hidden() });
  const Post = entity(
    "post",
    {
      id: field.id(),
      author: field.ref(() => User, { onDelete: "set null" }).optional(),
      parent: field.ref(() => Post, { onDelete: "cascade" }).nullable(),
      slug: field.text({ pattern: /^[a-z-]+$/ }).unique(),
      title: field.text({ min: 1, max: 200 }).default("Untitled"),
      state: field.enum("", "draft", "public").default("draft"),
      views: field.bigint().default(0n),
      price: field.decimal({ precision: 10, scale: 2 }).default("1.50"),
      fee: field.money().default({ amount: 5, currency: "EUR" }),
      tags: field.list(field.text({ max: 20 }), { max: 5 }).default([]),
      settings: field
        .json({ theme: field.enum("light"), sizes: list(field.integer()), at: { day: field.date() } })
        .optional(),
      anything: field.json().default({ a: [1, null] }),
      since: field.time().default(new Date(0)),
      note: field.text().nullable().default(null),
      lower: field.text().computed("lower(title)"),
      changed: field.updated(),
    },
    {
      unique: [["author", "title"]],
      indexes: [{ on: ["anything"], using: "gin" }, { search: ["title", "slug"] }, { on: ["since"], where: "true" }],
    },
  );
  const Like = entity(
    "like",
    { user: field.ref(() => User), post: field.ref(() => Post) },
    { primaryKey: ["user", "post"] },
  );
  const people = service("people", { entities: { User }, actor: "anyone", authenticate: run });
  const blog = service("blog", {
    entities: { Post, Like },
    prefix: "/api/v1",
    cors: { origins: ["https://a.example", "http://localhost:3000"], credentials: true },
    unknownInput: "ignore",
  });

  test("a rich app has no mistakes", () => {
    const errors = { CODE_TAKEN: { status: 409, title: "Taken" } };
    const limit = { per: "actor", rate: "60/minute" };
    const endpoints = {
      home: blog.query("GET /", { output: { posts: list(Post), me: nullable(User) }, run }),
      all: blog.query("GET /posts", {
        input: { tags: Post.fields.tags, limit: field.integer().default(20), q: field.text().optional() },
        output: page(Post),
        run,
      }),
      one: blog.query("GET /posts/:id", { input: { id: Post.fields.id }, output: Post, run }),
      likes: blog.query("GET /posts/:post/likes", {
        input: { post: Like.fields.post },
        output: { count: field.integer() },
        run,
      }),
      fixed: blog.query("GET /posts/feed", { output: content("application/rss+xml; charset=utf-8"), run }),
      write: blog.command("POST /posts", {
        input: { post: Post, more: list(Post.pick("title"), { max: 3 }), fee: field.money() },
        output: Post,
        status: 201,
        errors,
        limit,
        run,
      }),
      change: blog.command("PATCH /posts/:id", {
        input: { id: Post.fields.id, ...Post.partial("title", "note") },
        output: Post.omit("fee"),
        isolation: "read committed",
        run,
      }),
      remove: blog.command("DELETE /posts/:id", {
        input: { id: Post.fields.id, force: field.boolean().default(false) },
        run,
      }),
      accept: blog.command("POST /later", {
        input: { key: field.text().from("header", "x-key"), sid: field.text().from("cookie") },
        status: 202,
        run,
      }),
      signIn: people.command("POST /sign-in", {
        input: User.pick("email", "password"),
        output: User,
        actor: "anyone",
        run,
      }),
      docs: people.query("GET /:page", {
        input: { page: field.text() },
        output: { text: field.text(), json: field.json({ a: field.time() }) },
        run,
      }),
    };
    assert.deepEqual(mistakesOf({ blog: endpoints, people: { people } }), []);
  });
});

describe("didYouMean", () => {
  const CASES: readonly (readonly [word: string, candidates: readonly string[], expected: string | null])[] = [
    ["cod", ["id", "code"], "code"],
    ["coed", ["code", "cold"], "code"],
    ["EMAIL", ["id", "email"], "email"],
    ["titel", ["title", "tile"], "title"],
    ["elephant", ["id", "code"], null],
    ["ab", ["xy"], null],
    ["x", ["y"], null],
    ["", ["a"], null],
    ["code", ["code"], null],
    ["x".repeat(65), ["x".repeat(64)], null],
  ];
  for (const [word, candidates, expected] of CASES) {
    test(`"${word.slice(0, 10)}" among ${candidates.join(", ").slice(0, 20)}: ${expected}`, () => {
      assert.equal(didYouMean(word, candidates), expected);
    });
  }
});
