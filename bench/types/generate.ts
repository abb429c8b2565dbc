/**
 * Generate: writes a synthetic app, as large as the largest that the types must serve, for the type-check benchmark.
 *
 * Model. Each service has a `model.ts` with five entities and an `endpoints.ts` with five endpoints for each of them:
 * create, read, list, change, report. Bodies are real Kysely statements over the service's own tables. Every model
 * refers to the next one and to the previous one, so that all services form one cycle of references.
 * To add work for the checker: a field in `ENTITIES`, or a text in `endpoints`; then measure anew.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export const ENTITIES_PER_SERVICE = 5;
export const ENDPOINTS_PER_ENTITY = 5;
export const ENDPOINTS_PER_SERVICE = ENTITIES_PER_SERVICE * ENDPOINTS_PER_ENTITY;

/** One entity of every service. `$` stands for the service's number, `$next` and `$previous` for its neighbours'. */
interface Template {
  readonly name: string;
  readonly fields: readonly string[];
  /** Fields that `create` takes. */
  readonly made: readonly string[];
  /** Columns that `create` takes from elsewhere. */
  readonly added: string;
  readonly changed: readonly string[];
  readonly listed: readonly string[];
  /** A text column that `create` looks for. */
  readonly key: string;
  /** A column that `report` groups by. */
  readonly group: string;
  /** A time column. */
  readonly at: string;
  /** The table that `report` joins, with both columns. */
  readonly join: readonly [table: string, theirs: string, ours: string];
}

const ENTITIES: readonly Template[] = [
  {
    name: "Customer",
    fields: [
      "id: field.id()",
      "name: field.text({ max: 120 })",
      "email: field.email().unique()",
      "secret: field.text().hidden()",
      "phone: field.text({ max: 40 }).optional()",
      'tier: field.enum("free", "paid", "staff").default("free")',
      "balance: field.bigint().default(0n)",
      "partner: field.ref(() => Customer$next).optional()",
      "createdAt: field.now()",
    ],
    made: ["name", "email", "phone", "tier"],
    added: "secret: actor.id",
    changed: ["name", "phone", "tier"],
    listed: ["id", "name", "email", "tier", "createdAt"],
    key: "email",
    group: "tier",
    at: "createdAt",
    join: ["product", "customer", "id"],
  },
  {
    name: "Product",
    fields: [
      "id: field.id()",
      "customer: field.ref(() => Customer$)",
      "sku: field.text({ max: 32 }).unique()",
      "title: field.text({ min: 1, max: 200 })",
      "price: field.money()",
      "stock: field.integer({ min: 0 }).default(0)",
      "tags: field.list(field.text({ max: 30 }))",
      "parent: field.ref(() => Product$).optional()",
      "updatedAt: field.updated()",
    ],
    made: ["sku", "title", "price", "stock", "tags"],
    added: "customer: actor.id",
    changed: ["title", "price", "stock", "parent"],
    listed: ["id", "sku", "title", "price", "tags"],
    key: "sku",
    group: "customer",
    at: "updatedAt",
    join: ["order", "product", "id"],
  },
  {
    name: "Order",
    fields: [
      "id: field.id()",
      "customer: field.ref(() => Customer$)",
      "product: field.ref(() => Product$previous)",
      "code: field.text({ max: 20 }).unique()",
      "quantity: field.integer({ min: 1 })",
      'state: field.enum("open", "paid", "shipped", "cancelled").default("open")',
      "total: field.decimal({ precision: 12, scale: 2 })",
      "placedAt: field.now()",
      "shippedAt: field.time().optional()",
    ],
    made: ["product", "code", "quantity", "total"],
    added: "customer: actor.id",
    changed: ["quantity", "state", "shippedAt"],
    listed: ["id", "code", "state", "total", "placedAt", "shippedAt"],
    key: "code",
    group: "state",
    at: "placedAt",
    join: ["customer", "id", "customer"],
  },
  {
    name: "Invoice",
    fields: [
      "id: field.id()",
      "order: field.ref(() => Order$)",
      "number: field.text({ max: 20 })",
      "due: field.date()",
      "paid: field.boolean().default(false)",
      'settings: field.json({ language: field.enum("en", "de"), copies: field.integer().optional() })',
      'search: field.text().computed("lower(number)")',
      "createdAt: field.now()",
    ],
    made: ["order", "number", "due", "settings"],
    added: "paid: false",
    changed: ["due", "paid", "settings"],
    listed: ["id", "number", "due", "paid", "settings"],
    key: "number",
    group: "paid",
    at: "createdAt",
    join: ["order", "id", "order"],
  },
  {
    name: "Note",
    fields: [
      "id: field.id()",
      "author: field.ref(() => Customer$)",
      "subject: field.text({ max: 200 }).optional()",
      "body: field.text()",
      "pinned: field.boolean().default(false)",
      "score: field.float().nullable()",
      "meta: field.json().optional()",
      "createdAt: field.now()",
    ],
    made: ["subject", "body", "pinned", "score"],
    added: "author: actor.id",
    changed: ["subject", "body", "pinned"],
    listed: ["id", "subject", "body", "score", "createdAt"],
    key: "body",
    group: "pinned",
    at: "createdAt",
    join: ["customer", "id", "author"],
  },
];

/**
 * Writes the app with its `tsconfig.json`.
 *
 * @param folder       Emptied first. It must lie in `bench/.generated/types`.
 * @param services     Their number; two neighbours of one need three.
 * @param declarations The declaration file of `lineshaft`, relative to the folder.
 */
export async function generate(folder: string, services: number, declarations: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (let index = 0; index < services; index += 1) {
    const around = { next: (index + 1) % services, previous: (index + services - 1) % services };
    const place = join(folder, `s${index}`);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "model.ts"), model(index, around));
    await writeFile(join(place, "endpoints.ts"), endpointFile(index, around.next));
  }
  const config = {
    extends: "../../../../tsconfig.json",
    compilerOptions: { paths: { lineshaft: [declarations] } },
    include: ["."],
    exclude: [],
  };
  await writeFile(join(folder, "tsconfig.json"), `${JSON.stringify(config, null, 2)}\n`);
}

function model(index: number, around: { readonly next: number; readonly previous: number }): string {
  const numbered = (text: string) =>
    text.replace(/\$(next|previous)?/g, (_, which?: "next" | "previous") => String(which ? around[which] : index));
  const classes = ENTITIES.map(
    (each) =>
      `export class ${each.name}${index} extends entity("${each.name.toLowerCase()}", {\n` +
      `${each.fields.map((line) => `  ${numbered(line)},\n`).join("")}}) {}\n`,
  );
  const entities = ENTITIES.map((each) => `${each.name}${index}`).join(", ");
  return `import { entity, field, service } from "lineshaft";
import { Customer${around.next} } from "../s${around.next}/model.ts";
import { Product${around.previous} } from "../s${around.previous}/model.ts";

${classes.join("\n")}
export const s${index} = service("s${index}", { entities: { ${entities} } });
`;
}

function endpointFile(index: number, next: number): string {
  const entities = ENTITIES.map((each) => `${each.name}${index}`).join(", ");
  const reads = ENTITIES.map((each) => `read${each.name}${next}`).join(", ");
  return `import { field, list, page } from "lineshaft";
import { ${reads} } from "../s${next}/endpoints.ts";
import { ${entities}, s${index} } from "./model.ts";

const paging = { after: field.text().optional(), size: field.integer({ min: 1, max: 100 }).default(20) };

${ENTITIES.map((each) => endpoints(each, index, next)).join("\n")}`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}

function endpoints(template: Template, index: number, next: number): string {
  return [
    createEndpoint(template, index),
    readAndListEndpoints(template, index),
    changeEndpoint(template, index, next),
    reportEndpoint(template, index),
  ].join("\n");
}

function createEndpoint({ name, made, added, key }: Template, index: number): string {
  const table = name.toLowerCase();
  const values = made.map((each) => `${each}: input.${each}`).join(", ");
  return `export const create${name}${index} = s${index}.command("POST /${table}s", {
  summary: "Makes one",
  limit: { per: "actor", rate: "60/minute" },
  input: ${name}${index}.pick(${quoted(made)}),
  output: ${name}${index},
  errors: { ${name.toUpperCase()}_TAKEN: { status: 409, title: "It is there already" } },
  async run({ input, actor, db, fail }) {
    const taken = await db.selectFrom("${table}").select("id").where("${key}", "=", input.${key}).executeTakeFirst();
    if (taken) throw fail("${name.toUpperCase()}_TAKEN", \`\${actor.email} knows \${taken.id}\`);
    return db
      .insertInto("${table}")
      .values({ ${values}, ${added} })
      .returningAll()
      .executeTakeFirstOrThrow();
  },
});
`;
}

function readAndListEndpoints({ name, listed, at }: Template, index: number): string {
  const table = name.toLowerCase();
  return `export const read${name}${index} = s${index}.query("GET /${table}s/:id", {
  actor: "anyone",
  input: { id: ${name}${index}.fields.id },
  output: ${name}${index},
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("${table}").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const list${name}s${index} = s${index}.query("GET /${table}s", {
  input: { ...paging, before: field.time().optional() },
  output: page(${name}${index}.pick(${quoted(listed)})),
  async run({ input, db, now }) {
    const items = await db
      .selectFrom("${table}")
      .select([${quoted(listed)}])
      .where("${at}", "<", input.before ?? now)
      .$if(input.after !== undefined, (query) => query.where("id", ">", input.after ?? ""))
      .orderBy("id")
      .limit(input.size)
      .execute();
    return { items, next: items.at(-1)?.id ?? null };
  },
});
`;
}

function changeEndpoint({ name, changed }: Template, index: number, next: number): string {
  const table = name.toLowerCase();
  return `export const change${name}${index} = s${index}.command("PATCH /${table}s/:id", {
  input: {
    id: ${name}${index}.fields.id,
    like: field.ref(() => ${name}${index}).optional(),
    change: ${name}${index}.partial(${quoted(changed)}),
  },
  output: { ${table}: ${name}${index}, like: field.text().optional() },
  errors: { GONE: { status: 410, title: "It is no more" } },
  async run({ input, db, call, fail, log }) {
    const like = input.like === undefined ? null : await call(read${name}${next}, { id: input.like });
    const ${table} = await db
      .updateTable("${table}")
      .set(input.change)
      .where("id", "=", input.id)
      .returningAll()
      .executeTakeFirst();
    if (!${table}) throw fail("GONE");
    log.info({ id: ${table}.id }, "changed");
    return { ${table}, like: like?.id ?? null };
  },
});
`;
}

function reportEndpoint({ name, group, at, join }: Template, index: number): string {
  const table = name.toLowerCase();
  const [other, theirs, ours] = join;
  return `export const report${name}s${index} = s${index}.query("GET /${table}s/report", {
  input: { since: field.time() },
  output: list({ group: ${name}${index}.fields.${group}, rows: field.bigint(), last: field.time().nullable() }),
  run: ({ input, db }) =>
    db
      .selectFrom("${table}")
      .innerJoin("${other}", "${other}.${theirs}", "${table}.${ours}")
      .where("${table}.${at}", ">", input.since)
      .groupBy("${table}.${group}")
      .select((eb) => [
        "${table}.${group} as group",
        eb.fn.countAll<bigint>().as("rows"),
        eb.fn.max("${table}.${at}").as("last"),
      ])
      .execute(),
});
`;
}
