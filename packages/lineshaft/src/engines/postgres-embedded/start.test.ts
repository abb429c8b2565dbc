/**
 * Starting and stopping one embedded Postgres. Real processes; nothing sleeps; every folder and process is gone after.
 */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { findBinaries, prepareBinaries } from "./binaries.ts";
import { EmbeddedPostgresError, startEmbeddedPostgres } from "./index.ts";
import { isAlive } from "./processes.ts";
import { LOG_BYTES_MAX } from "./server-log.ts";
import { ask, Holder, IS_ROOT, NOBODY, TestFolder } from "./test/testing.ts";

const POSTGRES_15 = "/usr/lib/postgresql/15/bin";
const forRoot = IS_ROOT ? {} : { skip: "needs root" };
const WARM_START_MS_MAX = 2_000;
const only15 = existsSync(POSTGRES_15) ? {} : { skip: `no Postgres 15 in ${POSTGRES_15}` };

function hasCode(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof EmbeddedPostgresError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  };
}

describe("embedded Postgres: start and stop", () => {
  test("a first start creates the cluster, a second one finds what was written", async () => {
    await using folder = new TestFolder();
    const steps: string[] = [];
    const first = await startEmbeddedPostgres({ folder: folder.postgres, report: (step) => steps.push(step) });
    await ask(first.url, "create table kept as select 'Grüße' as word");
    await first.stop();
    await first.stop();
    assert.deepEqual(steps, ["creating the database cluster", "creating the database lineshaft", "starting Postgres"]);
    assert.equal(isAlive(first.pid), false);
    assert.equal(existsSync(first.connection.host), false, "the socket folder is removed");

    const startedMs = performance.now();
    await using second = await startEmbeddedPostgres({ folder: folder.postgres });
    assert.ok(performance.now() - startedMs < WARM_START_MS_MAX, "a warm start is quick");
    assert.equal(second.url, first.url, "the address stays the same");
    assert.deepEqual(await ask(second.url, "select word, lower('GRÜßE') as lower from kept"), [
      { word: "Grüße", lower: "grüße" },
    ]);
  });

  test("the server listens on a private socket only and is ready for the relay", async () => {
    await using folder = new TestFolder();
    await using postgres = await startEmbeddedPostgres({
      folder: folder.postgres,
      durable: false,
      settings: { work_mem: "7MB" },
    });
    const sql =
      "select name, setting from pg_settings where name = any(" +
      "'{listen_addresses,wal_level,fsync,TimeZone,work_mem,server_encoding}')";
    const rows = await ask(postgres.url, `${sql} order by name collate "C"`);
    const settings = Object.fromEntries(rows.map((row) => [row["name"], row["setting"]]));
    const expected = {
      TimeZone: "UTC",
      fsync: "off",
      listen_addresses: "",
      server_encoding: "UTF8",
      wal_level: "logical",
      work_mem: "7168",
    };
    assert.deepEqual(settings, expected);
    assert.equal(statSync(postgres.connection.host).mode & 0o777, 0o700);
    assert.equal(statSync(folder.postgres).mode & 0o777, 0o700);
    assert.match(postgres.version, /^18\./);
    const rules = await ask(postgres.url, "select distinct type, auth_method from pg_hba_file_rules order by type");
    assert.deepEqual(rules, [
      { type: "host", auth_method: "reject" },
      { type: "local", auth_method: "trust" },
    ]);
    assert.deepEqual(await ask(postgres.url, "select current_user, current_database()"), [
      { current_user: "postgres", current_database: "lineshaft" },
    ]);
  });

  test("a first start that was interrupted leaves nothing that a later one trips over", async () => {
    await using folder = new TestFolder();
    mkdirSync(join(`${folder.data}.new`, "base"), { recursive: true });
    writeFileSync(join(`${folder.data}.new`, "PG_VERSION"), "18\n");
    await using postgres = await startEmbeddedPostgres({ folder: folder.postgres, durable: false });
    assert.equal((await ask(postgres.url, "select 1 as one")).length, 1);
    assert.equal(existsSync(`${folder.data}.new`), false);
  });

  test("a log beyond its bound is set aside", async () => {
    await using folder = await TestFolder.withCluster();
    mkdirSync(folder.postgres, { recursive: true });
    writeFileSync(join(folder.postgres, "server.log"), Buffer.alloc(LOG_BYTES_MAX + 1, "x"));
    await using postgres = await startEmbeddedPostgres({ folder: folder.postgres, durable: false });
    assert.ok(isAlive(postgres.pid));
    assert.ok(statSync(join(folder.postgres, "server.log")).size < LOG_BYTES_MAX);
    assert.equal(statSync(join(folder.postgres, "server.log.1")).size, LOG_BYTES_MAX + 1);
  });
});

describe("embedded Postgres: refusals say what to do", () => {
  test("data of another major version", async () => {
    await using folder = await TestFolder.withCluster();
    const before = readFileSync(join(folder.data, "global", "pg_control"));
    writeFileSync(join(folder.data, "PG_VERSION"), "14\n");
    await assert.rejects(
      startEmbeddedPostgres({ folder: folder.postgres }),
      hasCode("POSTGRES_VERSION_MISMATCH", /Postgres 14.*Postgres 18.*pg_dump/s),
    );
    assert.deepEqual(readFileSync(join(folder.data, "global", "pg_control")), before, "the data is untouched");
  });

  test("a folder with something else in it", async () => {
    await using folder = new TestFolder();
    mkdirSync(folder.data, { recursive: true });
    writeFileSync(join(folder.data, "photo.jpg"), "");
    await assert.rejects(
      startEmbeddedPostgres({ folder: folder.postgres }),
      hasCode("POSTGRES_FOLDER_UNUSABLE", /not a database cluster/),
    );
    assert.ok(existsSync(join(folder.data, "photo.jpg")));
  });

  test("a folder that is somebody's project", async () => {
    await using folder = new TestFolder();
    writeFileSync(join(folder.path, "package.json"), "{}");
    const mode = statSync(folder.path).mode;
    const refusal = hasCode("POSTGRES_FOLDER_UNUSABLE", /package\.json.*folder of its own/);
    await assert.rejects(startEmbeddedPostgres({ folder: folder.path }), refusal);
    assert.equal(statSync(folder.path).mode, mode, "and it is left as it was");
  });

  test("options that the launcher cannot honour", async () => {
    await using folder = new TestFolder();
    const reserved = { folder: folder.postgres, settings: { listen_addresses: "*" } };
    await assert.rejects(startEmbeddedPostgres(reserved), hasCode("POSTGRES_BAD_OPTIONS", /listen_addresses/));
    await assert.rejects(startEmbeddedPostgres({ folder: "data" }), hasCode("POSTGRES_BAD_OPTIONS", /absolute/));
    await assert.rejects(
      startEmbeddedPostgres({ folder: folder.postgres, binaries: folder.path }),
      hasCode("POSTGRES_NO_BINARIES", /initdb/),
    );
  });

  test("a server that gives up while starting shows the end of its log", async () => {
    await using folder = await TestFolder.withCluster();
    const options = { folder: folder.postgres, durable: false };
    await assert.rejects(
      startEmbeddedPostgres({ ...options, settings: { no_such_setting: "1" } }),
      hasCode("POSTGRES_START_FAILED", /no_such_setting/),
    );
    await using postgres = await startEmbeddedPostgres(options);
    assert.ok(isAlive(postgres.pid), "the next start is not in its way");
  });

  test("an initdb that fails shows its output and leaves no half cluster", async () => {
    await using folder = new TestFolder();
    const native = copyOfPackage(folder.path);
    rmSync(join(native, "share", "postgresql", "postgres.bki"));
    const failing = startEmbeddedPostgres({ folder: folder.postgres, binaries: join(native, "bin") });
    await assert.rejects(failing, hasCode("POSTGRES_START_FAILED", /postgres\.bki/));
    assert.equal(existsSync(folder.data) || existsSync(`${folder.data}.new`), false);
  });
});

describe("embedded Postgres: binaries as they come", () => {
  test("install scripts switched off: no library links, no execute bits", async () => {
    await using folder = new TestFolder();
    const native = strippedPackage(folder.path);
    await using postgres = await startEmbeddedPostgres({
      folder: folder.postgres,
      binaries: join(native, "bin"),
      durable: false,
    });
    assert.equal((await ask(postgres.url, "select 1 as one")).length, 1);
  });

  test("install scripts switched off, and a package that is not ours to change", forRoot, async () => {
    await using folder = new TestFolder();
    const native = strippedPackage(folder.path);
    chownSync(folder.path, NOBODY.uid, NOBODY.gid);
    for (const round of ["copied", "found again"]) {
      const options = { folder: folder.postgres, binaries: join(native, "bin"), durable: false };
      await using holder = await Holder.start(options, { account: NOBODY });
      assert.deepEqual(await ask(holder.reply.url, "select 1 as one"), [{ one: 1 }], round);
    }
  });

  test("where the library path does not reach the programs they are copied with their libraries", async () => {
    await using folder = new TestFolder();
    const native = strippedPackage(folder.path);
    const mirror = join(folder.path, "mirror");
    const binaries = prepareBinaries(join(native, "bin"), mirror, "darwin");
    assert.deepEqual(binaries.libraryFolders, []);
    rmSync(join(native, "lib", "libssl.so.1.1"), { force: true });
    const options = { folder: folder.postgres, binaries: dirname(binaries.postgres), durable: false };
    await using postgres = await startEmbeddedPostgres(options);
    assert.deepEqual(await ask(postgres.url, "select 1 as one"), [{ one: 1 }]);
  });

  test("Postgres 15 of the system", only15, async () => {
    await using folder = new TestFolder();
    await using postgres = await startEmbeddedPostgres({
      folder: folder.postgres,
      binaries: POSTGRES_15,
      durable: false,
    });
    assert.match(postgres.version, /^15\./);
    assert.deepEqual(await ask(postgres.url, "select current_setting('server_encoding') as encoding"), [
      { encoding: "UTF8" },
    ]);
  });

  test("data of 15 is refused by 18", only15, async () => {
    await using folder = new TestFolder();
    await (await startEmbeddedPostgres({ folder: folder.postgres, binaries: POSTGRES_15, durable: false })).stop();
    await assert.rejects(
      startEmbeddedPostgres({ folder: folder.postgres }),
      hasCode("POSTGRES_VERSION_MISMATCH", /Postgres 15/),
    );
  });
});

describe("embedded Postgres: root", () => {
  test("beneath a folder that only root can pass", forRoot, async () => {
    await using folder = new TestFolder(process.env["HOME"] ?? "/root", "lineshaft-test-");
    chmodSync(folder.path, 0o700);
    const native = copyOfPackage(folder.path);
    await using postgres = await startEmbeddedPostgres({
      folder: folder.postgres,
      binaries: join(native, "bin"),
      durable: false,
    });
    assert.equal((await ask(postgres.url, "select 1 as one")).length, 1);
    assert.notEqual(statSync(`/proc/${postgres.pid}`).uid, 0, "Postgres does not run as root");
  });

  test("the owner of the project runs it", forRoot, async () => {
    await using folder = new TestFolder();
    mkdirSync(dirname(folder.postgres));
    chownSync(folder.path, NOBODY.uid, NOBODY.gid);
    await using postgres = await startEmbeddedPostgres({ folder: folder.postgres, durable: false });
    assert.equal(statSync(`/proc/${postgres.pid}`).uid, NOBODY.uid);
    assert.equal(statSync(join(folder.postgres, "lock")).uid, NOBODY.uid, "the owner can start it alone afterwards");
  });
});

/** A copy of the package as it is without its install script: no links, no execute bits. */
function strippedPackage(folder: string): string {
  const native = copyOfPackage(folder);
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as { target: string }[];
  for (const link of links) rmSync(join(dirname(native), link.target));
  for (const program of ["initdb", "postgres"]) chmodSync(join(native, "bin", program), 0o644);
  return native;
}

/** A copy of the installed package beneath `folder`, links as they are. */
function copyOfPackage(folder: string): string {
  const native = join(folder, "package", "native");
  cpSync(dirname(findBinaries(undefined)), native, { recursive: true, verbatimSymlinks: true });
  return native;
}
