/**
 * What a user sees of the compiler: the messages for common mistakes, and declaration files without complaints.
 *
 * The samples are written to a folder outside the repository that finds `lineshaft` as an installed app does. A message
 * is compared by the part that helps; the rest is the compiler's.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { type CompilerRun, openProject } from "./compiler.ts";

const MODEL = `
import { entity, field, service } from "lineshaft";
export class Account extends entity("account", {
  id: field.id(),
  email: field.email(),
  secret: field.text().hidden(),
}) {}
export class Link extends entity("link", {
  id: field.id(),
  code: field.text({ max: 32 }).unique(),
  target: field.url(),
  owner: field.ref(() => Account),
  parent: field.ref(() => Link).optional(),
  visits: field.integer().default(0),
  createdAt: field.now(),
}) {}
export const links = service("links", { entities: { Account, Link } });
export const open = service("open", { entities: { Link }, actor: "anyone" });
`;

/** A mistake, and what must be in the compiler's message about it. */
interface Sample {
  readonly mistake: string;
  readonly source: string;
  readonly message: readonly RegExp[];
}

const SAMPLES: readonly Sample[] = [
  {
    mistake: "a column is missing in the answer",
    source: `links.query("GET /links", {
      output: Link,
      run: async () => ({ id: "1", code: "a", target: "https://a.example", owner: "1" }),
    });`,
    message: [/missing the following properties from type 'Link': parent, visits, createdAt/],
  },
  {
    mistake: "a code that the endpoint does not declare",
    source: `links.command("POST /links", {
      errors: { CODE_TAKEN: { status: 409, title: "Taken" } },
      run: async ({ fail }) => { throw fail("CODE_TAKN"); },
    });`,
    message: [/'"CODE_TAKN"' is not assignable to parameter of type '"CODE_TAKEN" \| StandardCode'/],
  },
  {
    mistake: "a parameter of the route is not in the input",
    source: `links.query("GET /links/:code/days/:day", {
      input: { code: Link.fields.code },
      output: Link,
      run: async ({ fail }) => fail("NOT_FOUND"),
    });`,
    message: [/Property 'day' is missing in type '\{ code: Field<string, "required", false>; \}'/],
  },
  {
    mistake: "a parameter of the route, and no input at all",
    source: `links.query("GET /links/:code", { output: Link, run: async ({ fail }) => fail("NOT_FOUND") });`,
    message: [/Property 'input' is missing/, /readonly input: \{ readonly code: AnyField; \}/],
  },
  {
    mistake: "a typo in a key of the definition",
    source: `links.command("POST /links", { ouput: Link, run: async ({ fail }) => { throw fail("NOT_FOUND"); } });`,
    message: [/'ouput' does not exist in type 'Definition</, /Did you mean to write 'output'\?/],
  },
  {
    mistake: "a column that the table does not have",
    source: `links.query("GET /links", { output: Link, run: ({ db }) =>
      db.selectFrom("link").selectAll().where("cod", "=", "a").executeTakeFirstOrThrow() });`,
    message: [/'"cod"' is not assignable to .* 'ReferenceExpression<Tables<\{ .*Link: typeof Link; \}>, "link">'/],
  },
  {
    mistake: "a table of another service",
    source: `open.query("GET /links", { output: Link, run: ({ db }) =>
      db.selectFrom("account").selectAll().executeTakeFirstOrThrow() });`,
    message: [
      /'"account"' is not assignable to parameter of type 'TableExpressionOrList<Tables<\{ Link: typeof Link; \}>/,
    ],
  },
  {
    mistake: "a query without an output",
    source: `links.query("GET /links", { run: async () => {} });`,
    message: [/Property 'output' is missing in type/, /required in type '\{ readonly output: /],
  },
  {
    mistake: "a command that answers, without an output",
    source: `links.command("POST /links", { run: async () => 7 });`,
    message: [/Type 'Promise<number>' is not assignable to type 'Promise<void>'/],
  },
  {
    mistake: "a command that answers with a row, without an output",
    source: `links.command("POST /links", { run: ({ db }) =>
      db.selectFrom("link").selectAll().executeTakeFirstOrThrow() });`,
    message: [/is not assignable to type 'Promise<void>'/],
  },
  {
    mistake: "a hidden field of a row",
    source: `export const leak = (account: Account) => account.secret;`,
    message: [/Property 'secret' does not exist on type 'Account'/],
  },
  {
    mistake: "a service that anyone may call, and an owner",
    source: `open.query("GET /mine", {
      output: { owner: Link.fields.owner },
      run: async ({ actor }) => ({ owner: actor.id }),
    });`,
    message: [/Type 'string \| null' is not assignable to type 'string'/],
  },
  {
    mistake: "a wrong type in the answer of a service that only accounts may call",
    source: `links.query("GET /mine", {
      output: { owner: field.integer() },
      run: async ({ actor }) => ({ owner: actor.id }),
    });`,
    message: [/Types of property 'owner' are incompatible/, /Type 'string' is not assignable to type 'number'/],
  },
  {
    mistake: "recursion through call without an annotation",
    source: `const again = links.query("GET /again", { output: Link, run: ({ call }) => call(again, {}) });`,
    message: [/'again' implicitly has type 'any' because .* referenced directly or indirectly in its own initializer/],
  },
  {
    mistake: "an input that the called endpoint does not take",
    source: `const one = links.query("GET /links/:code", {
      input: { code: Link.fields.code },
      output: Link,
      run: async ({ fail }) => fail("NOT_FOUND"),
    });
    links.query("GET /first", { output: Link, run: ({ call }) => call(one, { cod: "a" }) });`,
    message: [/'cod' does not exist in type '\{ readonly code: string; \}'/],
  },
];

/** What the compiler says about the app's files. The platform's are checked with the repository, under its own test. */
function ownMessages(run: CompilerRun): string {
  const messages = run.output.split(/\n(?=\S)/);
  return messages.filter((message) => message !== "" && !message.startsWith("../")).join("\n");
}

const HEADER =
  'import { field } from "lineshaft"; import { Account, Link, links, open } from "./model.ts";\n' +
  "export { Account, field, Link, links, open };\n";

describe("the message about", () => {
  let checked: CompilerRun = { exitCode: 0, output: "" };

  before(async () => {
    const files = SAMPLES.map(({ source }, index) => [`sample-${index}.ts`, HEADER + source] as const);
    await using project = await openProject({ "model.ts": MODEL, ...Object.fromEntries(files) });
    checked = await project.compile();
  });

  /** The messages about one file: its lines, each with the indented lines that follow it. */
  function messagesAbout(file: string): string {
    const messages = ownMessages(checked).split(/\n(?=\S)/);
    return messages.filter((message) => message.startsWith(`${file}(`)).join("\n");
  }

  for (const [index, { mistake, message }] of SAMPLES.entries()) {
    test(mistake, () => {
      const messages = messagesAbout(`sample-${index}.ts`);
      for (const part of message) assert.match(messages, part);
    });
  }

  test("nothing else: what is right stays silent", () => {
    assert.equal(messagesAbout("model.ts"), "");
    assert.doesNotMatch(ownMessages(checked), /^(?!sample-)\S/m);
  });
});

const ENDPOINTS = `
import { content, field, list, nullable, page, type Transaction } from "lineshaft";
import { Account, Link, links } from "./model.ts";
export const paging = { after: field.text().optional(), size: field.integer().default(20) };
export const shorten = links.command("POST /links", {
  input: { ...Link.pick("target"), code: Link.fields.code.optional() },
  output: Link,
  errors: { CODE_TAKEN: { status: 409, title: "Taken" } },
  run: ({ input, actor, db }) => db.insertInto("link")
    .values({ target: input.target, code: input.code ?? "a", owner: actor.id })
    .returningAll().executeTakeFirstOrThrow(),
});
export const change = links.command("PATCH /links/:id", {
  input: { id: Link.fields.id, change: Link.partial("code", "parent"), rest: Account.omit("id") },
  run: async () => {},
});
export const browse = links.query("GET /links", {
  actor: "anyone",
  input: paging,
  output: page({ ...Link.omit("owner"), owner: nullable(Account), again: list(Link.pick("id")) }),
  run: async () => ({ items: [], next: null }),
});
export const rss = links.query("GET /rss", { output: content("application/rss+xml"), run: async () => "" });
export const recent = (db: Transaction<(typeof links)["~tables"]>) =>
  db.selectFrom("link").innerJoin("account", "account.id", "link.owner").select(["link.code", "account.email"]);
`;

const CONSUMER = `
import type { InputOf, ResultOf } from "lineshaft";
import type { change, browse, shorten } from "./emitted/endpoints.js";
import type { Link } from "./emitted/model.js";
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
export const checks: [
  Same<InputOf<typeof shorten.input>, { readonly code?: string | undefined; readonly target: string }>,
  Same<ResultOf<typeof shorten.output>, Link>,
  Same<typeof shorten["~code"], "CODE_TAKEN">,
  Same<InputOf<typeof change.input>["change"]["parent"], string | null | undefined>,
  Same<ResultOf<typeof browse.output>["items"][number]["visits"], number>,
] = [true, true, true, true, true];
export const code = (link: Link): string => link.code;
// @ts-expect-error: a row has no such field.
export const nothing = (link: Link): string => link.cod;
`;

describe("declaration files", () => {
  test("are emitted for entities, a service and its endpoints, and say the same as the sources", async () => {
    const options = { noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: "out", rootDir: "/" };
    await using project = await openProject({ "model.ts": MODEL, "endpoints.ts": ENDPOINTS }, options);
    assert.equal(ownMessages(await project.compile()), "");
    const read = (file: string) => readFile(join(project.folder, "out", project.folder, file), "utf8");
    const emitted = {
      "emitted/model.d.ts": await read("model.d.ts"),
      "emitted/endpoints.d.ts": await read("endpoints.d.ts"),
    };
    // The declarations carry names and declared shapes, no derived types.
    assert.match(emitted["emitted/model.d.ts"], /class Link extends Link_base/);
    assert.match(
      emitted["emitted/endpoints.d.ts"],
      /shorten: import\("lineshaft"\)\.Command<.*typeof Link, "CODE_TAKEN", undefined>/s,
    );

    await using consumer = await openProject({ ...emitted, "consumer.ts": CONSUMER });
    assert.equal(ownMessages(await consumer.compile()), "");
  });
});
