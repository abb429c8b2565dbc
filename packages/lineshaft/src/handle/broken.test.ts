/** Connections that break, at the worst moment and all the time: no event is lost, and none is handled twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TcpProxy } from "../data/test/proxy.ts";
import { field } from "../define/field.ts";
import { type PollOptions, poll, type TestApp } from "../testkit/index.ts";
import { type Ledger, ledger, modulesOf, numbersOf, Stand, WAIT_MS } from "./test/stand.ts";

const WAIT: PollOptions = { timeoutMs: 2 * WAIT_MS };
const ROUNDS = 60;
/** How often all connections are cut. */
const CUT_MS = 70;

/** An app whose every connection goes through a proxy. */
async function open(declare: (of: Ledger) => object = () => ({}), relay: "off" | "auto" = "off") {
  const stand = await Stand.open();
  const { hostname, port, pathname } = new URL(stand.url);
  const proxy = await TcpProxy.open(`${decodeURIComponent(hostname)}/.s.PGSQL.${port}`);
  const of = ledger();
  of.notes.on(of.noted, "count", (context) => of.record(context, "count"));
  const modules = modulesOf(of, declare(of));
  const app: TestApp = await stand.node(modules, { settings: { relay } }, proxy.url.replace("/lineshaft", pathname));
  const end = async () => {
    await app.stop();
    await proxy[Symbol.asyncDispose]();
    await stand[Symbol.asyncDispose]();
  };
  return { stand, proxy, of, app, [Symbol.asyncDispose]: end };
}

/** Has the next write that holds this text arrive, and its answer not. */
function swallowAnswerOf(proxy: TcpProxy, text: string): Promise<void> {
  return new Promise((resolve) => {
    proxy.breaks = (sent) => {
      if (!sent.includes(text)) return false;
      proxy.breaks = () => false;
      setImmediate(() => {
        proxy.mode = "silent";
        setTimeout(() => {
          proxy.cut();
          proxy.mode = "pass";
          resolve();
        }, 200);
      });
      return false;
    };
  });
}

for (const arrives of [true, false]) {
  const what = arrives ? "and its answer is lost" : "and does not arrive";
  test(`the commit of a command breaks, ${what}: its event is there with its writes, and once [CMD-1]`, async () => {
    await using lab = await open(({ notes, noted }) => {
      const write = notes.command("POST /write", {
        input: { n: field.integer() },
        run: async ({ db, emit, input }) => {
          await db
            .insertInto("counter")
            .values({ name: `${input.n}`, value: input.n })
            .execute();
          emit(noted, { key: "a", n: input.n });
        },
      });
      return { write };
    });
    const { endpoint: write } = lab.app.declarations.endpoints.find(({ endpoint }) => endpoint.path === "/write")!;
    const call = (n: number) => lab.app.call(write as never, { n } as never);
    await call(1);
    await lab.app.untilHandled(WAIT);
    let broken: Promise<void> | null = null;
    // The event's own text travels with the commit, as its parameter.
    if (arrives) broken = swallowAnswerOf(lab.proxy, '"n":2');
    else
      lab.proxy.breaks = (sent) => {
        if (!sent.includes('"n":2')) return false;
        lab.proxy.breaks = () => false;
        return true;
      };
    await assert.rejects(call(2));
    await broken;
    await poll(() => call(3).then(() => true), WAIT);
    await lab.app.untilHandled(WAIT);
    const expected = arrives ? [1, 2, 3] : [1, 3];
    const written = await lab.stand.ask<{ value: number }>("select value from notes.counter order by value");
    assert.deepEqual(
      written.map(({ value }) => value),
      expected,
    );
    assert.deepEqual(
      (await lab.stand.effects()).map(({ n }) => n),
      expected,
    );
  });
}

test("the commit of a handler breaks, and its answer is lost: its effects are there once [EVT-1]", async () => {
  await using lab = await open();
  await lab.app.call(lab.of.note, { keys: ["a"] });
  await lab.app.untilHandled(WAIT);
  const broken = swallowAnswerOf(lab.proxy, "notes.count");
  await lab.app.call(lab.of.note, { keys: ["a", "b"], from: 1 }).catch(() => {});
  await broken;
  await poll(() => lab.app.call(lab.of.note, { keys: ["a"], from: 9 }).then(() => true), WAIT);
  await lab.app.untilHandled(WAIT);
  const events = await lab.stand.ask<{ n: number }>("select (payload ->> 'n')::integer as n from lineshaft.event");
  const rows = await lab.stand.effects();
  assert.deepEqual(rows.map(({ n }) => n).sort(), events.map(({ n }) => n).sort());
});

for (const relay of ["off", "auto"] as const) {
  test(`cut off again and again, relay ${relay}: what was answered is handled once [EVT-1] [CMD-4]`, async () => {
    await using lab = await open(({ notes, noted, record }) => {
      notes.on(noted, "post", async (context) => {
        await context.step("post", async () => context.event.id);
        await record(context, "post");
      });
      return {};
    }, relay);
    const answered: number[] = [];
    const cutting = setInterval(() => lab.proxy.cut(), CUT_MS);
    let n = 0;
    const note = async () => {
      const from = n++;
      await lab.app.call(lab.of.note, { keys: ["a"], from });
      return answered.push(from);
    };
    while (answered.length < ROUNDS) await poll(note, WAIT);
    clearInterval(cutting);
    await poll(() => lab.app.call(lab.of.note, { keys: ["b"] }).then(() => true), WAIT);
    await poll(async () => {
      lab.app.clock.advance("1h");
      await lab.app.untilHandled(WAIT);
      return (await lab.stand.ask("select from lineshaft.work")).length === 0;
    }, WAIT);
    const events = await lab.stand.ask<{ n: number }>(`select (e.payload ->> 'n')::integer as n from lineshaft.event e
      join lineshaft.log l on l.event = e.id where e.key = 'a' order by l.position`);
    const stored = events.map(({ n }) => n);
    // What had no answer may have been committed after what was called next.
    assert.deepEqual(
      stored.filter((n) => answered.includes(n)),
      answered,
    );
    for (const handler of ["count", "post"])
      assert.deepEqual(numbersOf(await lab.stand.effects(handler), "a"), stored, handler);
  });
}
