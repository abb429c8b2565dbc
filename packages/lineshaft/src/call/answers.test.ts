/** Whom a kept answer is given to, and which ones are not kept: what a run looks at is noticed however it looks. */
import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before, describe, test } from "node:test";
import * as accounts from "../accounts/index.ts";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { poll, startTestApp, type TestApp } from "../testkit/index.ts";

class Post extends entity("post", { id: field.serial(), text: field.text() }) {}
const site = service("site", { entities: { Post }, actor: "anyone" });

/** What a run asks beside the database. */
let rate = 1;
let gate: Promise<void> = Promise.resolve();
const runs = { long: 0, short: 0, cut: 0 };

const rates = { rate: field.integer() };
const lazy = site.query("GET /lazy", {
  output: { id: field.text().nullable() },
  async run(context) {
    return {
      get id() {
        return context.actor.id;
      },
    };
  },
});
const never = site.query("GET /never", { output: rates, cache: false, run: async () => ({ rate }) });
const brief = site.query("GET /brief", { output: rates, cache: { seconds: 30 }, run: async () => ({ rate }) });
const aroundNever = site.query("GET /around/never", { output: rates, run: async ({ call }) => call(never, {}) });
const aroundBrief = site.query("GET /around/brief", { output: rates, run: async ({ call }) => call(brief, {}) });
const short = site.query("GET /short", {
  output: { at: field.time() },
  cache: { seconds: 30 },
  async run({ now }) {
    runs.short++;
    return { at: now };
  },
});
const long = site.query("GET /long", {
  output: { isWhole: field.boolean() },
  async run({ signal }) {
    runs.long++;
    signal.addEventListener("abort", () => runs.cut++);
    await gate;
    return { isWhole: !signal.aborted };
  },
});
/** Depends on a thousand rows, and gives two digits. */
const some = site.query("GET /some/:first", {
  input: { first: Post.fields.id },
  output: { count: field.integer() },
  async run({ db, input }) {
    const ids = Array.from({ length: 900 }, (_, index) => input.first + index);
    const rows = await db.selectFrom("post").select("text").where("id", "in", ids).execute();
    return { count: rows.length };
  },
});
const endpoints = { site, some, lazy, never, brief, aroundNever, aroundBrief, short, long };

describe("kept answers", () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({ services: { accounts, site: endpoints } }, { settings: { relay: "auto" } });
    await app.fetch("/lazy");
    await poll(() => app.cache!.isOn, { timeoutMs: 20_000, what: "the cache" });
  });
  after(() => app.stop());
  const ask = async (path: string): Promise<unknown> => (await app.fetch(path)).json();

  test("what an answer depends on counts as well where memory is bounded", async () => {
    const bytes = async () => {
      const text = await (await fetch(app.metricsUrl)).text();
      return Number(/^lineshaft_cache_bytes (\d+)/m.exec(text)![1]);
    };
    const count = 100;
    await ask("/some/1");
    const before = await bytes();
    for (let number = 1; number <= count; number++) await ask(`/some/${1_000 * number}`);
    assert.ok((await bytes()) - before > count * 900 * 80);
  });

  test("a value that looks at the actor while it is written is the actor's own", async () => {
    const [ada, bob] = [await app.account(), await app.account()];
    for (const caller of [ada, bob]) {
      assert.deepEqual(await (await app.as(caller).fetch("/lazy")).json(), { id: caller.id });
    }
    assert.deepEqual(await ask("/lazy"), { id: null });
  });

  test("an endpoint's rule holds as well where another query calls it", async () => {
    for (const path of ["/around/never", "/around/brief"]) assert.deepEqual(await ask(path), { rate: 1 });
    rate = 2;
    for (const path of ["/around/never", "/around/brief"]) assert.deepEqual(await ask(path), { rate: 2 });
  });

  test("a clock that is set back does not make a life longer", async () => {
    await ask("/short");
    await ask("/short");
    assert.equal(runs.short, 1);
    app.clock.set(new Date(app.clock.now().getTime() - 3_600_000));
    await ask("/short");
    await ask("/short");
    assert.equal(runs.short, 2);
  });

  test("what was cut short, because its caller went away, is given to nobody else", async () => {
    const free = Promise.withResolvers<void>();
    gate = free.promise;
    const gone = get(`${app.url}/long`).on("error", () => {});
    await poll(() => runs.long === 1);
    gone.destroy();
    const next = ask("/long");
    await poll(() => runs.cut === 1);
    free.resolve();
    assert.deepEqual([await next, await ask("/long")], [{ isWhole: true }, { isWhole: true }]);
  });
});
