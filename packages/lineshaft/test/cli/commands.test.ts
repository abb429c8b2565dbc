/** The commands that end by themselves, as real processes: what they write, and their exit codes. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { linksText, Project } from "./project.ts";

describe("the command line", () => {
  let project: Project;
  before(() => {
    project = new Project();
    project.guardEnd();
  });
  after(() => project[Symbol.asyncDispose]());

  const wrong: readonly (readonly [args: string, says: RegExp])[] = [
    ["rotues", /There is no command "rotues"; did you mean "routes"\?/],
    ["migrate", /needs one of plan, apply, status/],
    ["migrate aply", /did you mean "apply"\?/],
    ["routes --jsn", /no option --jsn; did you mean --json\?/],
    ["routes all", /does not take "all"/],
    ["routes --json=yes", /--json takes no value/],
    ["routes --app", /--app needs a value: --app <file>/],
    ["routes --app nowhere.ts", /nowhere\.ts is not a file/],
    ["openapi --out a --out b", /--out is given twice/],
    ["new", /needs a name/],
    ["new Orders", /lower-case letters/],
    ["new accounts", /it is taken/],
    ["--jason", /The command comes first/],
  ];
  for (const [args, says] of wrong) {
    test(`\`${args}\` is asked for wrongly`, async () => {
      const { code, stdout, stderr } = await project.run(args.split(" "));
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, says);
    });
  }

  test("says how it is used, as a whole and each command", async () => {
    const overview = await project.output("help");
    assert.match(overview, /migrate apply +bring the database/);
    assert.equal(await project.output("--help"), overview);
    assert.equal((await project.run([])).code, 2);
    assert.match(await project.output("help", "migrate"), /lineshaft migrate plan[\s\S]*lineshaft migrate status/);
    assert.match(await project.output("help", "check"), /Usage +lineshaft check cache/);
    for (const args of [
      ["routes", "--help"],
      ["routes", "-h"],
      ["help", "routes"],
    ]) {
      assert.match(await project.output(...args), /Usage +lineshaft routes \[options\][\s\S]*--json +write JSON/);
    }
    assert.match(await project.output("--version"), /^\d+\.\d+\.\d+\n$/);
  });

  test("routes: a table for people, JSON for scripts, no colour in a pipe, and nothing starts", async () => {
    const text = await project.output("routes");
    assert.equal(text.split("\n")[0], "METHOD  PATH      NAME           ACTOR   SERVICE  SUMMARY");
    assert.match(text, /^JOIN +\/readers +links\.readers +anyone +links +Who reads$/m);
    assert.match(text, /^GET +\/word +links\.word +anyone +links +The word$/m);
    assert.ok(!text.includes("\u001b"));
    const routes = JSON.parse(await project.output("routes", "--json")) as Record<string, unknown>[];
    assert.deepEqual(routes.at(-1), {
      method: "GET",
      path: "/word",
      name: "links.word",
      kind: "query",
      actor: "anyone",
      service: "links",
      summary: "The word",
    });
    assert.equal(existsSync(project.path(".lineshaft")), false);
  });

  test("openapi: to standard output, or into a file", async () => {
    const text = await project.output("openapi");
    const document = JSON.parse(text) as { openapi: string; info: object; paths: object };
    assert.match(document.openapi, /^3\.1/);
    assert.deepEqual(document.info, { title: "Links", version: "1.2.3" });
    assert.deepEqual(Object.keys(document.paths), ["/links", "/word"]);
    assert.equal(await project.output("openapi", "--out", "api.json"), "");
    assert.equal(project.read("api.json"), text);
    const { code, stderr } = await project.run(["openapi", "--out", "no/such/folder.json"]);
    assert.equal(code, 1);
    assert.match(stderr, /cannot be written/);
  });

  test("the app is found by --app, by package.json, and in a file that only exports it", async () => {
    await using other = new Project();
    other.write("server/shop.ts", 'import { app } from "lineshaft";\nexport const shop = app({ services: {} });\n');
    assert.equal(await other.output("routes", "--json", "--app", "server/shop.ts"), "[]\n");
    other.write("package.json", '{ "type": "module", "lineshaft": { "app": "server/shop.ts" } }');
    assert.equal(await other.output("routes", "--json"), "[]\n");
    other.write("server/shop.ts", "export const nothing = 1;\n");
    const { code, stderr } = await other.run(["routes"]);
    assert.equal(code, 1);
    assert.match(stderr, /neither runs an app nor exports one/);
  });

  test("a mistake in the declarations and in the code ends with 1, and where it is", async () => {
    await using other = new Project();
    other.write("links.ts", linksText().replace('actor: "anyone" });\nexport', "});\nexport"));
    const declared = await other.run(["routes"]);
    assert.equal(declared.code, 1);
    assert.match(declared.stderr, /links\.ts:\d+[\s\S]*wants an account/);
    other.write("links.ts", "export const = 1;\n");
    const broken = await other.run(["routes"]);
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /links\.ts|ERR_INVALID_TYPESCRIPT_SYNTAX/);
  });
});

describe("lineshaft migrate", () => {
  test("plan writes nothing, apply writes and runs, and what loses data needs its name", {
    timeout: 180_000,
  }, async () => {
    await using project = new Project();
    project.guardEnd();
    const before = readdirSync(project.folder);
    assert.match(await project.output("migrate", "plan"), /create table "links"\."link"/);
    assert.deepEqual(JSON.parse(await project.output("migrate", "status", "--json")), []);
    assert.deepEqual(readdirSync(project.folder), before, "no folder, no file, no database");
    assert.equal((await project.run(["migrate", "plan", "--check"])).code, 1);

    assert.match(await project.output("migrate", "apply"), /Applied 0001_initial/);
    assert.equal(await project.output("migrate", "plan", "--check"), "The database is as declared.\n");
    const [row] = JSON.parse(await project.output("migrate", "status", "--json")) as Record<string, unknown>[];
    assert.equal(row!["file"], "0001_initial");
    assert.equal(row!["state"], "applied");

    project.write("links.ts", linksText({ note: false }));
    const files = readdirSync(project.path("migrations"));
    const name = "drop-column:links.link.note";
    const plan = await project.output("migrate", "plan");
    assert.match(plan, new RegExp(`These run only when they are named:\\n  ${name} \\(destructive\\)`));
    const { steps } = JSON.parse(await project.output("migrate", "plan", "--json")) as { steps: { name: string }[] };
    assert.deepEqual(
      steps.map((step) => step.name),
      [name],
    );
    const without = await project.run(["migrate", "apply"]);
    assert.equal(without.code, 0);
    assert.match(without.stderr, new RegExp(`Left out: ${name}`));
    const mistyped = await project.run(["migrate", "apply", "--allow", "drop-column:links.link.notes"]);
    assert.equal(mistyped.code, 2);
    assert.match(mistyped.stderr, new RegExp(`did you mean "${name}"`));
    assert.deepEqual(readdirSync(project.path("migrations")), files, "nothing was written so far");

    assert.match(await project.output("migrate", "apply", "--allow", name), /Applied 0002_drop_link_note/);
    assert.match(await project.output("migrate", "plan"), /as declared/);
    const path = "migrations/0001_initial.sql";
    project.write(path, `${project.read(path)}\n-- one more line\n`);
    assert.match(await project.output("migrate", "status"), /0001_initial +edited/);
  });
});

describe("lineshaft new", () => {
  test("adds a service whose test passes, and names it in the app", { timeout: 180_000 }, async () => {
    await using project = new Project();
    const said = await project.output("new", "order_lines");
    assert.match(
      said,
      /Wrote order_lines\/order_lines\.ts\nWrote order_lines\/order_lines\.test\.ts\nNamed it in app\.ts/,
    );
    assert.match(project.read("app.ts"), /import \* as order_lines from ".\/order_lines\/order_lines\.ts";/);
    assert.match(await project.output("routes"), /GET +\/order-lines\/:id +order_lines\.one/);
    const { spawnSync } = await import("node:child_process");
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const tested = spawnSync(process.execPath, ["--test"], { cwd: project.folder, env, encoding: "utf8" });
    assert.equal(tested.status, 0, tested.stdout);
    assert.match(tested.stdout, /pass 2/);

    const app = project.read("app.ts");
    const again = await project.run(["new", "order_lines"]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is there already/);
    assert.match((await project.run(["new", "links"])).stderr, /has a service "links" already/);
    assert.equal(project.read("app.ts"), app);
  });

  test("says what to write where the app is not written plainly", async () => {
    await using project = new Project();
    const text = project.read("app.ts").replace("{ links }", 'Object.fromEntries([["links", links]])');
    project.write("app.ts", text);
    assert.match(await project.output("new", "orders"), /Name it in app\.ts:[\s\S]*import \* as orders from/);
    assert.equal(project.read("app.ts"), text);
  });
});
