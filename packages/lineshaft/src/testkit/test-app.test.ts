/** Apps of tests: each on a database of its own, quickly; callers, clock, mails; nothing that stays behind. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { app as declare } from "../app/app.ts";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { startTestApp, TestClock } from "./index.ts";
import { poll } from "./poll.ts";
import { guests, orders, place, services } from "./test/shop.ts";

/** Generous for a machine with other work to do; alone it takes a tenth. */
const FRESH_MS_MAX = 1_000;

describe("an app of a test", () => {
  test("has a database that no other has written to, within milliseconds", async () => {
    await using first = await startTestApp({ services });
    await first.as({ id: "ada" }).call(place, {});
    const startedAtMs = performance.now();
    await using second = await startTestApp({ services });
    assert.ok(performance.now() - startedAtMs < FRESH_MS_MAX);
    assert.notEqual(second.database, first.database);
    assert.equal((await first.as({ id: "ada" }).call(orders, {})).length, 1);
    assert.deepEqual(await second.as({ id: "ada" }).call(orders, {}), []);
    assert.equal(await second.schema(), await first.schema());
  });

  test("starts from an app as well as from its options, many at once", async () => {
    const declared = declare({ services: { guests } });
    const apps = await Promise.all(Array.from({ length: 5 }, () => startTestApp(declared)));
    assert.equal(new Set(apps.map(({ database }) => database)).size, 5);
    await Promise.all(apps.map((each) => each.as(null).call(guests.place, {})));
    await Promise.all(apps.map((each) => each.stop()));
  });

  test("with another declaration has another schema", async () => {
    const tables = async (fields: object) => {
      const Note = entity("note", { id: field.id(), ...fields });
      const notes = service("notes", { entities: { Note: class extends Note {} }, actor: "anyone" });
      await using running = await startTestApp({ services: { notes: { notes } } });
      return await running.schema();
    };
    assert.doesNotMatch(await tables({}), /title/);
    assert.match(await tables({ title: field.text({ max: 10 }) }), /title/);
  });

  test("begins with the migrations of a project, and writes nothing into it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lineshaft-project-"));
    try {
      mkdirSync(join(folder, "migrations"));
      writeFileSync(join(folder, "migrations/0001_initial.sql"), "create table public.by_hand as select 7 as seven;\n");
      await using running = await startTestApp({ services: { guests } }, { folder });
      const client = await running.connect();
      const { rows } = await client.query("select seven from public.by_hand").finally(() => client.end());
      assert.deepEqual(rows, [{ seven: 7 }]);
      await running.as(null).call(guests.place, {});
      assert.deepEqual(readdirSync(folder), ["migrations"]);
      assert.deepEqual(readdirSync(join(folder, "migrations")), ["0001_initial.sql"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("fails as any app does, with the reason", async () => {
    const settings = { mode: "production" as const, secret: "a secret of a test, 32 characters long" };
    await assert.rejects(startTestApp({ services: { guests } }, { settings }), { code: "MIGRATION_PLAN_PENDING" });
  });

  test("gets a server of its own where the test asks for one", async () => {
    await using running = await startTestApp({ services: { guests } }, { embedded: {} });
    await running.as(null).call(guests.place, {});
    assert.equal(typeof running.database, "object");
  });
});

describe("callers", () => {
  test("an account calls and asks over HTTP as itself; nobody is refused", async () => {
    await using running = await startTestApp({ services });
    const ada = await running.account({ email: "ada@example.com", name: "Ada" });
    const grace = await running.account();
    const order = await running.as(ada).call(place, {});
    assert.equal(order.owner, ada.id);
    assert.deepEqual(await running.as(grace).call(orders, {}), []);

    const placed = await running.as(ada).fetch("/orders", { method: "POST" });
    assert.equal(placed.status, 201);
    const seen = (await (await running.as(ada).fetch("/orders")).json()) as { owner: string }[];
    assert.deepEqual(
      seen.map(({ owner }) => owner),
      [ada.id, ada.id],
    );
    assert.deepEqual(await (await running.as(grace).fetch("/orders")).json(), []);

    assert.equal((await running.fetch("/orders")).status, 401);
    await assert.rejects(running.as(null).call(orders, {}), { code: "UNAUTHENTICATED" });
  });

  test("need accounts only for HTTP", async () => {
    await using running = await startTestApp({ services: { guests } });
    assert.ok((await running.as({ id: "ada" }).call(guests.place, {})).id);
    await assert.rejects(running.as({ id: "ada" }).fetch("/guests"), /needs accounts.*lineshaft\/accounts/);
    await assert.rejects(running.account(), /needs accounts/);
  });
});

describe("clock and mails", () => {
  test("`now` is the clock's, and moves with it", async () => {
    await using running = await startTestApp({ services }, { clock: new TestClock("2026-02-01T12:00:00Z") });
    const ada = running.as(await running.account());
    assert.equal((await ada.call(place, {})).placedAt.toISOString(), "2026-02-01T12:00:00.000Z");
    running.clock.advance("2h");
    const placed = (await (await ada.fetch("/orders", { method: "POST" })).json()) as { placedAt: string };
    assert.equal(placed.placedAt, "2026-02-01T14:00:00.000Z");
    running.clock.advance("366d");
    assert.equal((await ada.fetch("/orders")).status, 401, "the session is over");
  });

  test("a mail that a call sends can be waited for", async () => {
    await using running = await startTestApp({ services });
    const account = { email: "ada@example.com", password: "a long enough password" };
    await running.as(null).call(services.accounts.signUp, account);
    const mail = await running.mailTo("ada@example.com");
    assert.match(mail.text, /http/);
    await assert.rejects(running.mailTo("nobody@example.com", { timeoutMs: 20 }), /a mail to nobody@example.com/);
  });
});

describe("nothing stays behind", { concurrency: false }, () => {
  /** A folder for temporary files that only this test uses, so that what is left in it is from this test. */
  const scene = async (
    work: (folder: string, start: () => Promise<{ child: ChildProcess; url: string }>) => Promise<void>,
  ) => {
    const folder = mkdtempSync(join(tmpdir(), "ls-"));
    const children: ChildProcess[] = [];
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const start = async () => {
      const file = join(import.meta.dirname, "test/one-app.ts");
      const child = spawn(process.execPath, [file], {
        env: { ...env, TMPDIR: folder },
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      return { child, url: (JSON.parse(line.toString()) as { url: string }).url };
    };
    try {
      await work(folder, start);
      await poll(() => readdirSync(folder).length === 0, { what: `an empty ${folder}`, timeoutMs: 20_000 });
    } finally {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const hostFolder = (folder: string) => readdirSync(folder).find((name) => name.startsWith("lineshaft-testkit-"))!;

  test("of tests that were killed, one after the other", () =>
    scene(async (folder, start) => {
      const [one, two] = await Promise.all([start(), start()]);
      const tests = join(folder, hostFolder(folder), "tests");
      assert.equal(readdirSync(tests).length, 2, "both use one server");
      one.child.kill("SIGKILL");
      await poll(() => readdirSync(tests).length === 1);
      assert.equal((await fetch(`${two.url}/health/ready`)).status, 200, "the other goes on");
      two.child.kill("SIGKILL");
    }));

  test("of a host that was killed, after the next run", () =>
    scene(async (folder, start) => {
      const one = await start();
      const { pid } = JSON.parse(readFileSync(join(folder, hostFolder(folder), "lock"), "utf8")) as { pid: number };
      process.kill(pid, "SIGKILL");
      one.child.kill("SIGKILL");
      await once(one.child, "close");
      const two = await start();
      assert.equal((await fetch(`${two.url}/health/ready`)).status, 200);
      two.child.kill("SIGTERM");
    }));
});
