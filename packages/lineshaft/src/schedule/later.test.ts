/** Commands for later: once, as whoever asked, unless somebody takes them back in time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AccountActor } from "../define/actor.ts";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { Stand, WAIT_MS } from "../handle/test/stand.ts";
import { poll } from "../testkit/index.ts";

class Done extends entity("done", { id: field.serial(), text: field.text(), actor: field.text() }) {}

const WAIT = { timeoutMs: WAIT_MS };
const ADA: AccountActor = { kind: "account", id: "ada", session: "s", email: "ada@example.com", emailVerified: true };

/** A service that does things later, and cancels them. `hold` is waited for by each run. */
function declare({
  hold = async () => {},
  hasPublish = true,
}: {
  hold?: () => Promise<void>;
  hasPublish?: boolean;
} = {}) {
  const site = service("site", { entities: { Done }, actor: "anyone" });
  const publish = site.command("POST /publish", {
    input: { text: field.text() },
    errors: { REFUSED: { status: 409, title: "Refused" } },
    run: async ({ db, input, actor, fail }) => {
      await db
        .insertInto("done")
        .values({ text: input.text, actor: actor.id ?? "nobody" })
        .execute();
      if (input.text === "refused") throw fail("REFUSED");
      if (input.text === "broken") throw new Error("broken");
      await hold();
    },
  });
  const ask = site.command("POST /ask", {
    input: {
      text: field.text(),
      at: field.time(),
      name: field.text().optional(),
      cancels: field.boolean().default(false),
      fails: field.boolean().default(false),
    },
    output: { name: field.text(), cancelled: field.boolean() },
    run: async ({ input, runAt, cancel }) => {
      const name = runAt(input.at, publish, { text: input.text }, input.name ? { name: input.name } : {});
      const cancelled = input.cancels && (await cancel(publish, name));
      if (input.fails) throw new Error("undone");
      return { name, cancelled };
    },
  });
  const cancelIt = site.command("POST /cancel", {
    input: { name: field.text() },
    output: field.boolean(),
    run: async ({ input, cancel }) => cancel(publish, input.name),
  });
  const modules = { site: { site, ...(hasPublish ? { publish } : {}), ask, cancelIt } };
  return { site, publish, ask, cancelIt, modules };
}

async function open(of = declare()) {
  const stand = await Stand.open();
  const app = await stand.node(of.modules);
  const done = async () =>
    (await stand.ask<{ text: string }>("select text from site.done order by id")).map(({ text }) => text);
  const work = () =>
    stand.ask<{ name: string; state: string; attempts: number; error: string }>("select * from lineshaft.work");
  const ask = (text: string, minutes: number, more: object = {}) =>
    app.call(of.ask, { text, at: new Date(app.clock.now().getTime() + minutes * 60_000).toISOString(), ...more });
  const settle = async (minutes = 0) => {
    app.clock.advance(minutes * 60_000);
    await app.untilHandled(WAIT);
  };
  const cancel = (name: string) => app.call(of.cancelIt, { name });
  const end = async () => {
    await app.stop();
    await stand[Symbol.asyncDispose]();
  };
  return { ...of, asks: of.ask, stand, app, done, work, ask, settle, cancel, [Symbol.asyncDispose]: end };
}

// Each has a database and a clock of its own, and most of its time it waits for a look at what is due.
describe("commands for later", { concurrency: 4 }, () => {
  test("a run is made once its time has come, a past one at once, none of a command that failed [SCH-1]", async () => {
    await using lab = await open();
    await lab.ask("later", 10);
    await lab.ask("past", -10_000_000);
    await assert.rejects(lab.ask("never", 0, { fails: true }));
    await lab.settle();
    assert.deepEqual(await lab.done(), ["past"]);
    await lab.settle(11);
    assert.deepEqual(await lab.done(), ["past", "later"]);
    assert.deepEqual(await lab.work(), []);
  });

  test("a run replaces the one that waits under its name", async () => {
    await using lab = await open();
    await lab.ask("first", 10, { name: "mine" });
    await lab.ask("other", 10, { name: "yours" });
    await lab.ask("second", 20, { name: "mine" });
    await lab.settle(11);
    assert.deepEqual(await lab.done(), ["other"]);
    await lab.settle(11);
    assert.deepEqual(await lab.done(), ["other", "second"]);
  });

  test("a run can be taken back while it waits, also by the command that asked for it, and not after", async () => {
    await using lab = await open();
    const { name } = await lab.ask("one", 10);
    assert.deepEqual([await lab.cancel(name), await lab.cancel(name)], [true, false]);
    const own = await lab.ask("two", 10, { cancels: true });
    assert.equal(own.cancelled, true);
    const made = await lab.ask("three", 0);
    await lab.settle(20);
    assert.equal(await lab.cancel(made.name), false);
    assert.deepEqual(await lab.done(), ["three"]);
  });

  test("what has failed for good is not waiting: it cannot be taken back, and stays to be seen", async () => {
    await using lab = await open();
    const { name } = await lab.ask("refused", 0);
    await lab.settle();
    assert.equal(await lab.cancel(name), false);
    assert.deepEqual(
      (await lab.work()).map(({ state }) => state),
      ["dead"],
    );
    // Under its name another one may be asked for.
    await lab.ask("fine", 0, { name });
    await lab.settle();
    assert.deepEqual([await lab.done(), await lab.work()], [["fine"], []]);
  });

  test("a run that is taken back while it is under way has no effect [CMD-1]", async () => {
    let isOpen = false;
    let under = 0;
    const hold = async () => {
      under++;
      await poll(() => isOpen, WAIT);
    };
    await using lab = await open(declare({ hold }));
    const { name } = await lab.ask("one", 0);
    await poll(() => under === 1, WAIT);
    assert.equal(await lab.cancel(name), true);
    isOpen = true;
    await lab.settle(10);
    assert.deepEqual([await lab.done(), await lab.work()], [[], []]);
  });

  test("a run may ask for itself again, under its own name, and take that back [SCH-1]", async () => {
    const site = service("site", { entities: { Done }, actor: "anyone" });
    const again = site.command("POST /again", {
      input: { left: field.integer(), at: field.time() },
      run: async ({ db, input, runAt, cancel }): Promise<void> => {
        const { left } = input;
        await db
          .insertInto("done")
          .values({ text: String(left), actor: "" })
          .execute();
        assert.equal(await cancel(again, "loop"), false);
        const at = input.at.toISOString();
        runAt(input.at, again, { left: left - 1, at }, { name: "loop" });
        if (left === 0) assert.equal(await cancel(again, "loop"), true);
      },
    });
    await using stand = await Stand.open();
    await using app = await stand.node({ site: { site, again } });
    await app.call(again, { left: 3, at: app.clock.now().toISOString() });
    await app.untilHandled(WAIT);
    const done = await stand.ask<{ text: string }>("select text from site.done order by id");
    const work = await stand.ask("select from lineshaft.work");
    assert.deepEqual([done.map(({ text }) => text), work], [["3", "2", "1", "0"], []]);
  });

  test("a run is made as who asked for it", async () => {
    await using lab = await open();
    const at = lab.app.clock.now().toISOString();
    await lab.app.call(lab.asks, { text: "hers", at }, { actor: ADA });
    await lab.settle();
    const [row] = await lab.stand.ask<{ actor: string }>("select actor from site.done");
    assert.equal(row?.actor, "ada");
  });

  test("a command that refuses is set aside at once; one that breaks is tried again with delays [EVT-3]", async () => {
    await using lab = await open();
    await lab.ask("refused", 0, { name: "refused" });
    await lab.ask("broken", 0, { name: "broken" });
    await lab.settle();
    const found = async () =>
      (await lab.work())
        .map(({ name, state, attempts }) => [name, state, attempts])
        .sort((one, two) => (one[0]! < two[0]! ? -1 : 1));
    assert.deepEqual(await found(), [
      ["broken", "waiting", 1],
      ["refused", "dead", 1],
    ]);
    for (let attempt = 2; attempt <= 12; attempt++) await lab.settle(20);
    assert.deepEqual((await found())[0], ["broken", "dead", 12]);
    assert.match((await lab.work()).find(({ name }) => name === "refused")!.error, /REFUSED/);
    assert.deepEqual(await lab.done(), []);
  });

  test("input that the command does not take any more is refused, and set aside", async () => {
    await using lab = await open();
    await lab.ask("one", 10);
    await lab.stand.ask(`update lineshaft.work set input = '{"other": 1}'`);
    await lab.settle(11);
    const [row] = await lab.work();
    assert.equal(row?.state, "dead");
    assert.match(row!.error, /INVALID_INPUT/);
  });

  test("a command that this code has not waits for code that has it [SCH-1]", async () => {
    await using lab = await open(declare({ hasPublish: false }));
    await lab.ask("one", 0);
    await lab.settle(10);
    assert.deepEqual([await lab.done(), (await lab.work()).length], [[], 1]);
    await lab.app.stop();
    await using other = await lab.stand.node(declare().modules);
    await other.untilHandled(WAIT);
    assert.deepEqual(await lab.done(), ["one"]);
  });

  test("two nodes make a run once, whichever of them was asked [SCH-1]", async () => {
    await using lab = await open();
    await using other = await lab.stand.node(declare().modules);
    const asked: string[] = [];
    for (let n = 0; n < 40; n++) {
      asked.push(`${n}`);
      await lab.ask(`${n}`, 0);
    }
    await poll(async () => {
      await other.untilHandled(WAIT);
      await lab.settle();
      return (await lab.done()).length >= asked.length;
    }, WAIT);
    assert.deepEqual((await lab.done()).sort(), asked.sort());
  });

  test("a node that has never asked for anything takes over what another one had been asked for [SCH-1]", async () => {
    await using lab = await open();
    await using other = await lab.stand.node(declare().modules);
    await lab.ask("one", 10);
    await lab.settle();
    await lab.app.stop();
    other.clock.advance("11m");
    await poll(async () => (await lab.done()).length === 1, WAIT);
  });
});
