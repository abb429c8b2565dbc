/** `lineshaft events` as a real process, beside an app that runs: what it tells, and what it has handled again. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entity, field, service } from "../../src/index.ts";
import { poll, startTestApp, type TestApp } from "../../src/testkit/index.ts";
import { Project, type Result } from "./project.ts";

const WAIT_MS = 20_000;

class Effect extends entity("effect", {
  id: field.serial(),
  handler: field.text(),
  key: field.text(),
  event: field.text(),
}) {}

/** An app with a handler that can be broken, one with a step, one that counts; a schedule, a command for later. */
class Stand implements AsyncDisposable {
  readonly project = new Project();
  isBroken = false;
  stepCount = 0;
  app!: TestApp;
  readonly #module = this.#declare();

  async start(): Promise<this> {
    const { module } = this.#module;
    this.app = await startTestApp({ services: { links: module } }, { settings: { relay: "auto" } });
    return this;
  }

  #declare() {
    const links = service("links", { entities: { Effect }, actor: "anyone" });
    const visited = links.event("visited", { link: field.text() }, { key: "link" });
    const visit = links.command("POST /visits", {
      input: { link: field.text() },
      run: async ({ emit, input }) => emit(visited, input),
    });
    const publish = links.command("POST /publish", { input: { link: field.text() }, run: async () => {} });
    const plan = links.command("POST /plans", {
      input: { link: field.text() },
      run: async ({ runAt, input, now }) => {
        runAt(new Date(now.getTime() + 86_400_000), publish, input, { name: "later" });
      },
    });
    links.on(visited, "count", async ({ event, db }) => {
      await db.insertInto("effect").values({ handler: "count", key: event.payload.link, event: event.id }).execute();
    });
    links.on(visited, "strict", { attempts: 1 }, async ({ event, db }) => {
      if (this.isBroken) throw new Error(`cannot take ${event.payload.link}\nwith a second line`);
      await db.insertInto("effect").values({ handler: "strict", key: event.payload.link, event: event.id }).execute();
    });
    links.on(visited, "stepped", async ({ event, db, step }) => {
      const count = await step("post", async () => ({ number: ++this.stepCount }));
      const key = `${event.payload.link} ${count.number}`;
      await db.insertInto("effect").values({ handler: "stepped", key, event: event.id }).execute();
    });
    const purge = links.schedule("purge", { cron: "0 3 1 1 *" }, async () => {});
    return { module: { links, visited, visit, publish, plan, purge }, visit, plan };
  }

  async visit(...links: readonly string[]): Promise<void> {
    for (const link of links) await this.app.call(this.#module.visit, { link });
    await this.app.untilHandled({ timeoutMs: WAIT_MS });
  }

  plan(link: string): Promise<unknown> {
    return this.app.call(this.#module.plan, { link });
  }

  run(text: string): Promise<Result> {
    return this.project.run(["events", ...text.split(" ").filter(Boolean)], {
      DATABASE_URL: this.app.database as string,
    });
  }

  /** What a command says that succeeds. */
  async says(text: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(text);
    assert.equal(code, 0, `${text}: ${stdout}${stderr}`);
    return stdout;
  }

  async json<T>(text: string): Promise<T> {
    return JSON.parse(await this.says(`${text} --json`)) as T;
  }

  async ask<T extends object>(text: string, values: unknown[] = []): Promise<T[]> {
    const client = await this.app.connect();
    return (await client.query<T>(text, values).finally(() => client.end())).rows;
  }

  /** Keys that a handler has had effects of, in order. */
  async effects(handler: string): Promise<string[]> {
    const rows = await this.ask<{ key: string }>("select key from links.effect where handler = $1 order by id", [
      handler,
    ]);
    return rows.map(({ key }) => key);
  }

  async until(handler: string, keys: readonly string[]): Promise<void> {
    const isThere = async () => (await this.effects(handler)).join() === keys.join();
    await poll(isThere, { timeoutMs: WAIT_MS, what: `effects of ${handler}: ${keys}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    await this.project[Symbol.asyncDispose]();
  }
}

interface Dead {
  readonly id: string;
  readonly target: string;
  readonly event: string;
  readonly key: string;
  readonly error: string;
}

describe("lineshaft events", { timeout: 600_000 }, () => {
  test("tells why a handler fails, and has it tried again once it is mended [EVT-3]", async () => {
    await using stand = await new Stand().start();
    stand.isBroken = true;
    await stand.visit("a", "b", "c");
    await stand.plan("x");

    const text = await stand.says("");
    assert.match(text, /^Log: positions 1 to 3\.$/m);
    assert.match(text, /^\S+ +\d+ +\d{4}-\d\d-\d\dT\S+Z +3 +1 +gives positions$/m);
    assert.match(text, /^links\.strict +links\.visited +0 +0 +3 +1$/m);
    assert.match(text, /^links\.count +links\.visited +0 +0 +0 +1$/m);
    assert.match(text, /^links\.purge +\d{4}-01-01T03:00:00Z +0 +1$/m);
    assert.match(text, /^POST \/publish +1 +\d{4}-\d\d-\d\dT\S+Z +0$/m);
    assert.match(text, /^3 failed for good: `lineshaft events --dead` lists them\.$/m);
    assert.equal(await stand.says("ls --handler links.strict").then((said) => said.includes("links.count")), false);

    const table = await stand.says("--dead");
    assert.match(table, /^w\d+ +links\.strict +1 +a +1 +\S+Z +Error: cannot take a$/m);
    // Lanes run side by side: only events of one key have an order.
    const dead = await stand.json<Dead[]>("--dead --handler links.strict");
    const byKey = new Map(dead.map((each) => [each.key, each]));
    assert.deepEqual(
      ["a", "b", "c"].map((key) => [byKey.get(key)?.target, byKey.get(key)?.event]),
      ["1", "2", "3"].map((event) => ["links.strict", event]),
    );
    const [first, second, third] = ["a", "b", "c"].map((key) => byKey.get(key)!.id) as [string, string, string];
    const page = await stand.run("--dead --limit 1");
    assert.match(page.stderr, new RegExp(`go on with --after ${dead[0]!.id}\\.`));
    assert.deepEqual(await stand.json(`--dead --limit 1 --after ${dead[0]!.id}`), dead.slice(1, 2));

    const shown = await stand.says(`show ${first}`);
    assert.match(shown, /^Work w\d+: handler links\.strict$/m);
    assert.match(shown, /^Error: cannot take a\nwith a second line$/m);
    const event = await stand.says("show 1");
    assert.match(event, /^Event 1: links\.visited\n {2}version +1\n {2}position +1\n {2}key +a$/m);
    assert.match(event, /^ {2}payload +\{"link":"a"\}$/m);
    assert.match(event, new RegExp(`^links\\.strict +dead +${first} +1 .*Error: cannot take a$`, "m"));
    assert.match(event, /^links\.stepped +handled +post$/m);

    stand.isBroken = false;
    assert.equal(await stand.says(`retry ${second}`), "1 due now.\n");
    await stand.until("strict", ["b"]);
    assert.match((await stand.run(`drop ${third}`)).stderr, /takes 1 piece of work away[\s\S]*add --yes/);
    assert.equal((await stand.json<Dead[]>("--dead")).length, 2);
    assert.equal(await stand.says(`drop ${third} --yes`), "1 dropped.\n");
    assert.equal(await stand.says("retry --all"), "1 due now.\n", "neither the schedule nor the command for later");
    await stand.until("strict", ["b", "a"]);
    assert.equal(await stand.says("--dead"), "There are no dead letters.\n");
    const [later] = await stand.json<Dead[]>("--waiting --handler links.purge");
    assert.match((await stand.run(`retry ${later!.id}`)).stderr, /has not failed: it is due at .*Nothing was changed/);
    assert.match((await stand.run(`retry ${third}`)).stderr, /There is no w\d+: it is done by now, or was dropped/);
  });

  test("a replay has each event handled again once, in an app that has nothing to do, and its steps not", async () => {
    await using stand = await new Stand().start();
    await stand.visit("a", "b");
    stand.isBroken = true;
    await stand.visit("c", "b");
    stand.isBroken = false;
    assert.deepEqual((await stand.effects("strict")).sort(), ["a", "b"]);
    assert.match(
      (await stand.run("replay links.strict --all")).stderr,
      /4 events links\.visited from position 1 again, .* for 2\./,
    );
    assert.deepEqual((await stand.effects("strict")).sort(), ["a", "b"]);

    // What has had no effects yet is asked for once.
    assert.equal(
      await stand.says("replay links.strict --from 3"),
      "links.strict handles 2 events links.visited from position 3 again.\n",
    );
    await poll(async () => (await stand.effects("strict")).length === 4, { timeoutMs: WAIT_MS, what: "c and b" });
    assert.deepEqual((await stand.effects("strict")).slice(2).sort(), ["b", "c"]);
    assert.equal(await stand.says("--dead"), "There are no dead letters.\n");

    const [{ at }] = (await stand.ask<{ at: Date }>("select at from lineshaft.event where id = 2")) as [{ at: Date }];
    await stand.says(`replay links.count --since ${at.toISOString()} --yes`);
    await poll(async () => (await stand.effects("count")).length === 7, { timeoutMs: WAIT_MS, what: "three again" });
    await stand.says("replay links.count --all --yes");
    await stand.app.untilHandled({ timeoutMs: WAIT_MS });
    const counted = await stand.effects("count");
    assert.deepEqual(counted.slice().sort(), ["a", "a", "b", "b", "b", "b", "b", "b", "c", "c", "c"]);

    const numbers = async () =>
      (await stand.effects("stepped")).map((key) => Number(key.split(" ")[1])).sort((a, b) => a - b);
    await stand.says("replay links.stepped --all --yes");
    await stand.app.untilHandled({ timeoutMs: WAIT_MS });
    assert.deepEqual(await numbers(), [1, 1, 2, 2, 3, 3, 4, 4]);
    await stand.says("replay links.stepped --from 4 --steps --yes");
    await stand.app.untilHandled({ timeoutMs: WAIT_MS });
    assert.deepEqual((await numbers()).slice(-1), [5]);
    assert.equal((await numbers()).length, 9);
    assert.match(await stand.says("replay links.count --from 5"), /has handled no links\.visited from there on/);
    assert.match(await stand.says("replay links.count --since 2999-01-01"), /nothing to replay/);
  });

  test("a replay during a rush loses nothing and does nothing twice that it was not asked for", async () => {
    await using stand = await new Stand().start();
    const before = Array.from({ length: 40 }, (_, index) => `k${index % 4}`);
    await stand.visit(...before);
    const [rush, replayed] = await Promise.all([
      Promise.all(before.map((link) => stand.visit(link))),
      stand.run("replay links.count --all --yes"),
    ]);
    assert.equal(rush.length, 40);
    assert.match(replayed.stdout, /^links\.count handles (\d+) events links\.visited from position 1 again\.$/m);
    await stand.app.untilHandled({ timeoutMs: WAIT_MS });
    const told = Number(/handles (\d+) /.exec(replayed.stdout)![1]);
    const rows = await stand.ask<{ event: string; times: number }>(
      "select event, count(*)::integer as times from links.effect where handler = 'count' group by event",
    );
    const times = (event: number) => rows.find((row) => row.event === String(event))?.times;
    const counts = Array.from({ length: 80 }, (_, index) => times(index + 1));
    // What the cursors had passed when they were set back came twice, the others once.
    assert.deepEqual(counts.slice(0, 40), new Array(40).fill(2));
    assert.ok(counts.every((count) => count === 1 || count === 2));
    assert.ok(counts.filter((count) => count === 2).length >= told);
    assert.deepEqual(await stand.json("--waiting --handler links.count"), []);
  });

  test("a handler that no code declares is forgotten, one that runs is not", async () => {
    await using stand = await new Stand().start();
    await stand.visit("a");
    await stand.ask("insert into lineshaft.handler (name, event) values ('links.gone', 'links.visited')");
    await stand.ask("insert into lineshaft.cursor select 'links.gone', n, 0 from generate_series(0, 15) n");
    await stand.ask(
      "insert into lineshaft.work (kind, target, lane, due_at) values ('schedule', 'links.old', 1, now())",
    );
    assert.match(await stand.says(""), /^links\.gone +links\.visited +1 +\d+ s +0 +0 +none$/m);
    assert.match((await stand.run("replay links.gone --from 1")).stdout, /nothing to replay/, "it has not come to it");
    assert.match(
      (await stand.run("forget links.gone")).stderr,
      /takes away how far links\.gone is, and 0 pieces of work/,
    );
    assert.match(await stand.says("forget links.gone --yes"), /^links\.gone is forgotten/);
    assert.match(await stand.says("forget links.old --yes"), /links\.old is forgotten, with 1 piece of work/);
    assert.doesNotMatch(await stand.says(""), /gone|old/);
    for (const name of ["links.count", "links.purge"]) {
      const { code, stderr } = await stand.run(`forget ${name} --yes`);
      assert.deepEqual([code, /^A node runs links\.\w+: take it out of the code/.test(stderr)], [1, true]);
    }
    await stand.app.untilHandled({ timeoutMs: WAIT_MS });
  });

  test("says what was asked for wrongly, and what is not there", async () => {
    await using stand = await new Stand().start();
    const wrong: readonly (readonly [args: string, code: number, says: RegExp])[] = [
      ["shwo 1", 2, /has no "shwo"; did you mean "show"\?/],
      ["show", 2, /needs a id/],
      ["show 7", 1, /There is no event 7/],
      ["show w7000", 1, /There is no work w7000/],
      ["--dead --waiting", 2, /ask for one/],
      ["--limit 3", 2, /--limit goes with a list/],
      ["--handler links.cuont", 1, /did you mean "links\.count"\?/],
      ["retry", 2, /Say which, in one way: ids, --handler, --all/],
      ["retry 7", 2, /"7" would be an event/],
      ["replay links.count", 2, /in one way: --from, --since, --all/],
      ["replay links.count --from w3", 2, /--from is "w3"; it takes a position/],
      ["replay links.count --since yesterday", 2, /--since is "yesterday"/],
      ["replay links.purge --all", 1, /is a schedule: it handles no events/],
    ];
    for (const [args, code, says] of wrong) {
      const result = await stand.run(args);
      assert.equal(result.code, code, `${args}: ${result.stderr}`);
      assert.match(result.stderr, says, args);
    }
    await stand.ask("drop schema lineshaft cascade");
    assert.match((await stand.run("")).stderr, /has no tables for events/);
    const bare = await stand.project.run(["events"]);
    assert.deepEqual([bare.code, /There is no database yet/.test(bare.stderr)], [1, true]);
    assert.match(await stand.project.output("help", "events"), /Usage +lineshaft events retry \[id …\] \[options\]/);
  });
});
