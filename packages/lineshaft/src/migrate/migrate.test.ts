/** Contract of a start: files once and in order, nothing half-way, nothing lost without being named. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { entity } from "../define/entity.ts";
import { type Fields, field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { MigrationError, type MigrationErrorCode, migrationStatus, NO_TRANSACTION, SCHEMA_FILE } from "./index.ts";
import { type Lab, onEveryServer, until } from "./test/servers.ts";

const START = fileURLToPath(new URL("./test/start.ts", import.meta.url));
const PROCESSES = 20;
const LINK = { id: field.id(), code: field.text({ max: 32 }).unique() };
const production = { mode: "production" } as const;

function links(fields: Fields = LINK): unknown[] {
  class Link extends entity("link", fields) {}
  return [service("links", { entities: { Link } })];
}

function put(lab: Lab, name: string, text: string): void {
  mkdirSync(lab.folder, { recursive: true });
  writeFileSync(join(lab.folder, name), text);
}

function files(lab: Lab): string[] {
  return existsSync(lab.folder) ? readdirSync(lab.folder).sort() : [];
}

async function refuses(work: Promise<unknown>, code: MigrationErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof MigrationError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

/** Starts of an app in other processes. */
function startArgument(lab: Lab, mode: "development" | "production"): string[] {
  return [START, JSON.stringify({ config: lab.config, folder: lab.folder, mode })];
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("exit", resolve));
}

onEveryServer("a start", (open) => {
  test("development writes, applies and dumps; production applies the same", async () => {
    await using lab = await open();
    const first = await lab.migrate(links());
    assert.deepEqual(first.written, [join(lab.folder, "0001_initial.sql")]);
    const second = await lab.migrate(links({ ...LINK, note: field.text().optional().indexed() }));
    assert.deepEqual(
      second.applied.map((file) => [file.number, file.name]),
      [
        [2, "add_link_note"],
        [3, "add_link_note_online"],
      ],
    );
    assert.deepEqual(files(lab), [
      "0001_initial.sql",
      "0002_add_link_note.sql",
      "0003_add_link_note_online.sql",
      SCHEMA_FILE,
    ]);
    assert.equal(
      readFileSync(join(lab.folder, "0003_add_link_note_online.sql"), "utf8").split("\n")[0],
      NO_TRANSACTION,
    );
    assert.ok(
      lab.lines.some((line) => line.includes('add column "note"')),
      "the plan is shown",
    );
    await lab.query("drop schema links cascade");
    await lab.query("drop schema lineshaft cascade");
    const fresh = await lab.migrate(links({ ...LINK, note: field.text().optional().indexed() }), production);
    assert.equal(fresh.applied.length, 3);
    assert.equal(fresh.written, null);
  });

  test("a start with nothing to do writes nothing, and takes no lock", async () => {
    await using lab = await open();
    await lab.migrate(links());
    await lab.query("select pg_advisory_lock(1818848869, 1835624306)");
    const outcome = await lab.migrate(links(), { lockWaitMs: 0 });
    assert.deepEqual(outcome, { applied: [], written: null, withheld: [], notices: [] });
  });

  test("production refuses a plan that is pending, and shows it", async () => {
    await using lab = await open();
    await refuses(lab.migrate(links(), production), "MIGRATION_PLAN_PENDING", /create table "links"\."link"/);
    await lab.migrate(links());
    await refuses(
      lab.migrate(links({ ...LINK, n: field.integer().default(1) }), production),
      "MIGRATION_PLAN_PENDING",
      /add column "n"/,
    );
    assert.deepEqual(
      (await lab.migrate([service("links")], production)).withheld.map((step) => step.name),
      ["drop-table:links.link"],
    );
  });

  test("destructive steps are withheld and their data stays [MIG-2]", async () => {
    await using lab = await open();
    await lab.migrate(links({ ...LINK, note: field.text() }));
    await lab.query("insert into links.link (code, note) values ('a', 'kept')");
    const outcome = await lab.migrate(links());
    assert.deepEqual(
      outcome.withheld.map((step) => step.name),
      ["drop-column:links.link.note"],
    );
    assert.deepEqual(await lab.query("select note from links.link"), [{ note: "kept" }]);
    await lab.query("insert into links.link (code) values ('it refuses no rows without it')");
    assert.equal((await lab.migrate(links(), { allow: ["drop-column:links.link.note"] })).withheld.length, 0);
  });

  test("a required column on rows needs its name; what depends on it waits", async () => {
    await using lab = await open();
    await lab.migrate(links());
    await lab.query("insert into links.link (code) values ('a')");
    const after = links({ ...LINK, state: field.enum("new", "old").indexed() });
    await refuses(lab.migrate(after), "MIGRATION_DESTRUCTIVE", /--allow add-column:links\.link\.state/);
    await lab.migrate(after, { allow: ["add-column:links.link.state"] });
    assert.deepEqual(await lab.query("select state from links.link"), [{ state: "new" }]);
  });

  test("an edited, a missing, a doubled and a badly named file are errors that say what to do", async () => {
    await using lab = await open();
    await lab.migrate(links());
    const first = readFileSync(join(lab.folder, "0001_initial.sql"), "utf8");
    put(lab, "0001_initial.sql", first.replaceAll("\n", "\r\n"));
    assert.equal((await lab.migrate(links(), production)).applied.length, 0, "line ends are not an edit");
    put(lab, "0001_initial.sql", `${first}-- more\n`);
    await refuses(lab.migrate(links()), "MIGRATION_EDITED", /0001_initial\.sql.*next file/);
    assert.deepEqual((await migrationStatus(await lab.client(), lab.folder)).edited, ["0001_initial"]);
    put(lab, "0001_initial.sql", first);
    put(lab, "0003_later.sql", "select 1");
    await refuses(lab.migrate(links()), "MIGRATION_FILE", /0002 is missing/);
    put(lab, "0002_a.sql", "select 1");
    put(lab, "0002_b.sql", "select 1");
    await refuses(lab.migrate(links()), "MIGRATION_FILE", /same number as 0002_a\.sql/);
    put(lab, "4_x.sql", "");
    await refuses(lab.migrate(links()), "MIGRATION_FILE", /not named like|same number/);
  });

  test("another file under an applied number is a divergence", async () => {
    await using lab = await open();
    put(lab, "0001_one.sql", "create schema mine");
    await lab.migrate([service("bare")]);
    await lab.query("update lineshaft.migration set name = 'theirs', checksum = 'x' where number = 2");
    await refuses(
      lab.migrate([service("bare")]),
      "MIGRATION_DIVERGED",
      /"theirs", and the folder has "create_schema_bare".*Two branches/,
    );
  });

  test("a database ahead of the files is a notice, unless something declared is missing", async () => {
    await using lab = await open();
    await lab.migrate(links());
    await lab.query(
      "insert into lineshaft.migration (number, name, checksum, state) values (2, 'newer', 'x', 'applied')",
    );
    await lab.query("alter table links.link alter column code type text");
    for (const mode of ["development", "production"] as const) {
      const outcome = await lab.migrate(links(), { mode });
      assert.match(outcome.notices.join(), /ahead of this folder, by 0002_newer/);
      assert.deepEqual(outcome.withheld, []);
      await refuses(
        lab.migrate(links({ ...LINK, n: field.integer().optional() }), { mode }),
        "MIGRATION_AHEAD",
        /add column "n"/,
      );
    }
    assert.deepEqual(
      (await migrationStatus(await lab.client(), lab.folder)).unknown.map((row) => row.number),
      [2],
    );
  });

  test("a failing statement leaves nothing of its file, and says where", async () => {
    await using lab = await open();
    await lab.migrate(links());
    put(lab, "0002_bad.sql", "create table links.extra (id integer);\n\n-- why\nselect\n  1 / 0;\n");
    await refuses(
      lab.migrate(links(), production),
      "MIGRATION_FAILED",
      /0002_bad\.sql, line 4 \(statement 2 of 2\): division by zero \(SQLSTATE 22012\)/,
    );
    await assert.rejects(lab.query("select from links.extra"));
    put(lab, "0002_bad.sql", "create table links.extra (id integer);\nselect nothing from links.extra;\n");
    await refuses(lab.migrate(links(), production), "MIGRATION_FAILED", /line 2.*"nothing" does not exist/);
    put(lab, "0002_bad.sql", "select 1; commit;");
    await refuses(lab.migrate(links(), production), "MIGRATION_FILE", /line 1 begins or ends a transaction/);
    put(lab, "0002_bad.sql", "create table links.extra (id integer)");
    assert.equal((await lab.migrate(links(), production)).applied.length, 1);
  });

  test("a file without a transaction goes on where it failed", async () => {
    await using lab = await open();
    await lab.migrate(links());
    await lab.query("insert into links.link (code) values ('a'), ('b')");
    await lab.query("create table links.log (id integer generated always as identity)");
    const text = [
      NO_TRANSACTION,
      "insert into links.log default values;",
      "create unique index concurrently one on links.link ((1));",
    ];
    put(lab, "0002_online.sql", text.join("\n"));
    await refuses(
      lab.migrate(links(), production),
      "MIGRATION_FAILED",
      /line 3 \(statement 2 of 2\).*recorded as failed.*goes on with statement 2/,
    );
    const { failed, pending } = await migrationStatus(await lab.client(), lab.folder);
    assert.deepEqual([failed[0]?.statementsDone, failed[0]?.state, pending], [1, "failed", ["0002_online"]]);
    assert.equal(
      (await lab.query("select from pg_index where not indisvalid")).length,
      0,
      "what the build left is gone",
    );
    await lab.query("delete from links.link where code = 'b'");
    assert.equal((await lab.migrate(links(), production)).applied.length, 1);
    assert.equal((await lab.query("select from links.log")).length, 1, "the first statement ran once");
    assert.equal((await lab.query("select state from lineshaft.migration where number = 2"))[0]?.["state"], "applied");
  });

  test("a file that development has just written and that fails is taken back", async () => {
    await using lab = await open();
    await lab.migrate(links({ id: LINK.id, code: field.text({ max: 32 }) }));
    await lab.query("insert into links.link (code) values ('same'), ('same')");
    const before = files(lab);
    const allow = ["add-unique:links.link.link_code_key"];
    await refuses(lab.migrate(links(), { allow }), "MIGRATION_FAILED", /could not create unique index/);
    assert.deepEqual(files(lab), before);
    await lab.query("delete from links.link");
    await lab.migrate(links(), { allow });
    assert.deepEqual((await lab.plan(links())).steps, []);
  });

  test(`${PROCESSES} processes at once migrate once [MIG-1]`, async () => {
    for (const [mode, count] of [
      ["development", PROCESSES],
      ["production", PROCESSES / 4],
    ] as const) {
      await using lab = await open();
      if (mode === "production") {
        await lab.migrate(links());
        await lab.query("drop schema links cascade");
        await lab.query("drop schema lineshaft cascade");
      }
      const run = promisify(execFile);
      const starts = Array.from({ length: count }, () => run(process.execPath, startArgument(lab, mode)));
      const applied = (await Promise.all(starts)).flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
      assert.deepEqual(applied, ["initial"]);
      assert.deepEqual(files(lab), ["0001_initial.sql", SCHEMA_FILE]);
      assert.equal((await lab.query("select from lineshaft.migration")).length, 1);
    }
  });

  test("who waits too long for the lock is told who has it", async () => {
    await using lab = await open();
    const [holder] = await lab.query<{ pid: number }>(
      "select pg_backend_pid() as pid, pg_advisory_lock(1818848869, 1835624306)",
    );
    await refuses(
      lab.migrate(links(), { lockWaitMs: 50 }),
      "MIGRATION_LOCKED",
      new RegExp(`Postgres process ${holder!.pid} `),
    );
    await lab.query("select pg_advisory_unlock_all()");
    assert.equal((await lab.migrate(links())).applied.length, 1);
  });

  test("a table lock that is held for a while is waited for with retries", async () => {
    await using lab = await open();
    await lab.migrate(links());
    const holder = await lab.client();
    await holder.query("begin; lock table links.link in access share mode");
    const migrating = lab.migrate(links({ ...LINK, n: field.integer().default(1) }));
    await until("a retry was reported", async () =>
      lab.lines.some((line) => line.includes("lock timeout") && line.includes("attempt 1")),
    );
    await holder.query("commit");
    assert.equal((await migrating).applied.length, 1);
  });

  test("kill -9 midway leaves nothing half-way, and the next start is right", async () => {
    await using lab = await open();
    await lab.migrate(links());
    put(lab, "0002_slow.sql", "create table links.extra (id integer); select pg_sleep(300);");
    put(lab, "0003_online.sql", `${NO_TRANSACTION}\ncreate table if not exists links.log ();\nselect pg_sleep(300);`);
    const child = spawn(process.execPath, startArgument(lab, "production"), { stdio: "ignore" });
    await until("the file sleeps", async () => (await sleeping(lab)).length > 0);
    child.kill("SIGKILL");
    await endOf(child);
    put(lab, "0002_slow.sql", "create table links.extra (id integer);");
    const again = spawn(process.execPath, startArgument(lab, "production"), { stdio: "ignore" });
    await until("the file without a transaction sleeps", async () => existsIn(lab, "log"));
    await until(
      "it is recorded",
      async () =>
        (await lab.query("select from lineshaft.migration where statements_done = 1 and state = 'running'")).length ===
        1,
    );
    again.kill("SIGKILL");
    await endOf(again);
    put(lab, "0003_online.sql", `${NO_TRANSACTION}\ncreate table if not exists links.log ();`);
    assert.deepEqual(
      (await lab.migrate(links(), production)).applied.map((file) => file.name),
      ["online"],
    );
    const rows = await lab.query("select number, state from lineshaft.migration order by number");
    assert.deepEqual(
      rows.map((row) => row["state"]),
      ["applied", "applied", "applied"],
    );
  });

  test("a lost connection and an aborted signal have their codes; the next start goes on", async () => {
    await using lab = await open();
    await lab.migrate(links());
    put(lab, "0002_slow.sql", "create table links.extra (id integer); select pg_sleep(300);");
    const lost = refuses(lab.migrate(links(), production), "MIGRATION_DISCONNECTED", /start again/);
    await until("the file sleeps", async () => (await sleeping(lab)).length > 0);
    await lab.query("select pg_terminate_backend($1)", [(await sleeping(lab))[0]]);
    await lost;
    const abort = new AbortController();
    const stopped = refuses(
      lab.migrate(links(), { ...production, signal: abort.signal }),
      "MIGRATION_ABORTED",
      /stopped/,
    );
    await until("the file sleeps again", async () => (await sleeping(lab)).length > 0);
    abort.abort();
    await stopped;
    put(lab, "0002_slow.sql", "create table links.extra (id integer)");
    assert.equal((await lab.migrate(links(), production)).applied.length, 1);
  });

  const unwritable =
    "a folder that cannot be written is an error when a file is needed, a notice when only the dump is";
  test(unwritable, async () => {
    await using lab = await open();
    put(lab, "0001_own.sql", "create table public.own (id integer)");
    writeFileSync(join(lab.root, "file"), "");
    await refuses(lab.migrate(links(), { folder: "/proc/lineshaft" }), "MIGRATION_FOLDER", /Make the folder writable/);
    await refuses(lab.migrate(links(), { folder: join(lab.root, "file") }), "MIGRATION_FOLDER", /cannot be read/);
  });
});

async function sleeping(lab: Lab): Promise<number[]> {
  const rows = await lab.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
  );
  return rows.map((row) => row.pid);
}

async function existsIn(lab: Lab, table: string): Promise<boolean> {
  const [row] = await lab.query<{ found: boolean }>("select to_regclass($1) is not null as found", [`links.${table}`]);
  return row!.found;
}
