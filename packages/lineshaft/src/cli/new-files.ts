/** What `lineshaft new` writes: a service with an entity, the usual endpoints, and its test. */

/** Names that follow from the name of a service. */
export interface Names {
  /** `order_lines`: the service, its folder and its Postgres schema. */
  readonly service: string;
  /** `OrderLine`: the entity. */
  readonly entity: string;
  /** `order_line`: its table. */
  readonly table: string;
  /** `order-lines`: its path. */
  readonly path: string;
}

const IRREGULAR: readonly (readonly [RegExp, string])[] = [
  [/ies$/, "y"],
  [/(ss|x|ch|sh)es$/, "$1"],
  [/([^su])s$/, "$1"],
];

/** The names for a service; the singular is a guess that is easy to change. */
export function namesOf(service: string): Names {
  const rule = IRREGULAR.find(([ending]) => ending.test(service));
  const table = rule ? service.replace(rule[0], rule[1]) : service;
  const entity = table.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return { service, entity, table, path: service.replaceAll("_", "-") };
}

/** The file of the service. */
export function serviceText({ service, entity, table, path }: Names): string {
  return `import { entity, field, list, service } from "lineshaft";

export class ${entity} extends entity("${table}", {
  id: field.id(),
  name: field.text({ min: 1, max: 200 }),
  createdAt: field.now(),
}) {}

/** \`actor: "anyone"\` opens the service to everybody; without it every endpoint wants a signed-in account. */
export const ${service} = service("${service}", { entities: { ${entity} }, actor: "anyone" });

export const add = ${service}.command("POST /${path}", {
  summary: "Add one",
  input: ${entity}.pick("name"),
  output: ${entity},
  status: 201,
  run: async ({ input, db }) => db.insertInto("${table}").values(input).returningAll().executeTakeFirstOrThrow(),
});

export const all = ${service}.query("GET /${path}", {
  summary: "All of them, oldest first",
  output: list(${entity}),
  run: async ({ db }) => db.selectFrom("${table}").selectAll().orderBy("id").execute(),
});

export const one = ${service}.query("GET /${path}/:id", {
  summary: "One of them",
  input: ${entity}.pick("id"),
  output: ${entity},
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("${table}").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});
`;
}

/** The file of its test. */
export function testText({ service, path }: Names): string {
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestApp } from "lineshaft/testkit";
import * as ${service} from "./${service}.ts";

test("what was added is listed", async () => {
  await using app = await startTestApp({ services: { ${service} } });
  const added = await app.as(null).call(${service}.add, { name: "first" });
  assert.deepEqual(await app.as(null).call(${service}.all, {}), [added]);
  assert.deepEqual(await app.as(null).call(${service}.one, { id: added.id }), added);
});

test("a name is needed", async () => {
  await using app = await startTestApp({ services: { ${service} } });
  const headers = { "content-type": "application/json" };
  const answer = await app.fetch("/${path}", { method: "POST", headers, body: "{}" });
  assert.equal(answer.status, 422);
});
`;
}

/**
 * The app's file with the service in it, or null where it is not clear how: an edit is made only when there is one
 * list of services with plain names, and imports to put another one behind.
 */
export function wired(appText: string, { service }: Names, specifier: string): string | null {
  const lists = [...appText.matchAll(/\bservices:\s*\{([\w\s,$]*)\}/g)];
  const imports = [...appText.matchAll(/^import [^;]*?from "[^"\n]+";$/gm)];
  const [last, names] = [imports.at(-1), lists[0]?.[1]];
  if (lists.length !== 1 || last === undefined || names === undefined) return null;
  if (new RegExp(`\\b${service}\\b`).test(appText)) return null;
  const others = names
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  const list = `services: { ${[...others, service].join(", ")} }`;
  const at = last.index + last[0].length;
  const start = lists[0]!.index;
  if (start < at) return null;
  const body = appText.slice(at, start) + list + appText.slice(start + lists[0]![0].length);
  return `${appText.slice(0, at)}\nimport * as ${service} from "${specifier}";${body}`;
}
