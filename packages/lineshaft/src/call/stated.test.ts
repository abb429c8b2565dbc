/** What commands state beside their writes: it is there when they are, and what could not be handled is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENTS_MAX } from "../data/outbox.ts";
import { NOBODY } from "../define/actor.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import { entity } from "../define/entity.ts";
import type { EventDefinition, EventOptions } from "../define/event.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { list } from "../define/shape.ts";
import { startTestApp } from "../testkit/index.ts";
import { commandRow, eventRow, PAYLOAD_BYTES_MAX } from "./stated.ts";

class Counter extends entity("counter", { name: field.text(), value: field.integer() }, { primaryKey: ["name"] }) {}

const AT = new Date("2026-02-01T12:00:00Z");
const FIELDS = {
  text: field.text().optional(),
  email: field.email().optional(),
  big: field.bigint().optional(),
  time: field.time().optional(),
  number: field.integer().optional(),
  kind: field.text().default("usual"),
  any: field.json().optional(),
};

let count = 0;
function eventOf(options: EventOptions<typeof FIELDS> = {}): EventDefinition {
  return service("shop").event(`sold${count++}`, FIELDS, options) as unknown as EventDefinition;
}

const keyOf = (key: string | string[], payload: object) => eventRow(eventOf({ key: key as "text" }), payload, AT).key;

test("equal values have one key, however they are written [EVT-2]", () => {
  const SAME: readonly [string | string[], object, ...object[]][] = [
    ["email", { email: "Ada@Example.com" }, { email: "ada@example.com" }],
    ["big", { big: 5n }, { big: "5" }],
    ["time", { time: AT }, { time: "2026-02-01T12:00:00Z" }, { time: "2026-02-01T13:00:00.000+01:00" }],
    ["kind", {}, { kind: "usual" }, { kind: undefined }],
    [["text", "number"], { text: "a", number: 1 }, { number: 1, text: "a", big: 7n }],
  ];
  for (const [key, first, ...others] of SAME)
    for (const other of others) assert.equal(keyOf(key, other), keyOf(key, first), String(key));
  assert.equal(keyOf("text", { text: "a" }), "a");
  assert.equal(keyOf("number", { number: 12 }), "12");
});

test("different values have different keys; without a part of it there is none [EVT-2]", () => {
  const long = "x".repeat(5_000);
  const keys = [
    keyOf(["text", "kind"], { text: "a", kind: "b,c" }),
    keyOf(["text", "kind"], { text: "a,b", kind: "c" }),
    keyOf(["text", "kind"], { text: 'a","b', kind: "c" }),
    keyOf("text", { text: long }),
    keyOf("text", { text: `${long}x` }),
    keyOf("text", { text: "" }),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(keys.every((key) => key !== null && key.length <= 200));
  assert.equal(keyOf("text", { text: long }), keyOf("text", { text: long }));
  assert.deepEqual(
    [keyOf("text", {}), keyOf(["text", "kind"], { kind: "a" }), eventRow(eventOf(), {}, AT).key],
    [null, null, null],
  );
});

test("events of one key share a lane, those without are spread [EVT-2]", () => {
  const lanes = (event: EventDefinition, payload: object) =>
    new Set(Array.from({ length: 64 }, () => eventRow(event, payload, AT).lane)).size;
  assert.equal(lanes(eventOf({ key: "text" }), { text: "a" }), 1);
  assert.equal(lanes(eventOf({ key: "text" }), {}), 16);
});

const REFUSED: readonly [string, unknown, RegExp][] = [
  ["what is not declared", { other: 1 }, /other/],
  ["another type", { number: "one" }, /number/],
  ["a number that JSON cannot say", { number: Number.NaN }, /number/],
  ["a date that is none", { time: new Date(Number.NaN) }, /time/],
  ["nothing", undefined, /payload is not valid/],
  ["null", null, /payload is not valid/],
  ["a list", [], /payload is not valid/],
  ["NUL", { text: "a\0b" }, /text holds a NUL/],
  ["NUL inside of JSON", { any: { deep: ["\0"] } }, /any\/deep\/0 holds a NUL/],
  ["half of a surrogate pair", { text: "a\ud800" }, /half of a surrogate/],
  ["what is too large", { text: "é".repeat(PAYLOAD_BYTES_MAX / 2) }, /65547 bytes, and may have 65536/],
];
for (const [what, payload, expected] of REFUSED) {
  test(`a payload is refused at once: ${what}`, () => {
    assert.throws(() => eventRow(eventOf(), payload, AT), expected);
  });
}

test("a payload may be as large as is said, and hold whole surrogate pairs and backslashes", () => {
  const around = Buffer.byteLength('{"text":""}');
  const row = eventRow(eventOf(), { text: "x".repeat(PAYLOAD_BYTES_MAX - around) }, AT);
  assert.equal(Buffer.byteLength(row.payload), PAYLOAD_BYTES_MAX);
  assert.equal(eventRow(eventOf({ key: "text" }), { text: "😀 \\u0000 \\ud800" }, AT).key, "😀 \\u0000 \\ud800");
});

test("what is not an event, and what is not a command, is refused", () => {
  assert.throws(() => eventRow(undefined as never, {}, AT), /not an event/);
  assert.throws(() => commandRow(AT, eventOf() as never, {}, { actor: NOBODY }), /what runs later is a command/);
  const upload = { max: 1, types: ["text/plain"] };
  const put = service("shop").command("PUT /files", { actor: "anyone", upload, run: async () => undefined });
  assert.throws(
    () => commandRow(AT, put as never, {}, { actor: NOBODY }),
    /it takes a file, and nobody brings one later/,
  );
});

test("a run for later is refused when its time, name or input cannot be", () => {
  const shop = service("shop", { actor: "anyone" });
  const buy = shop.command("POST /buy", { input: { text: field.text() }, run: async () => {} });
  const row = (at: unknown, input: unknown, name?: string) =>
    commandRow(at as Date, buy as unknown as EndpointDefinition, input, { actor: NOBODY, name });
  const good = { text: "a" };
  assert.throws(() => row(new Date(Number.NaN), good), /the time is Invalid Date/);
  assert.throws(() => row("2026-02-01", good), /it is a Date/);
  assert.throws(() => row(AT, good, ""), /1 to 500 characters/);
  assert.throws(() => row(AT, good, "x".repeat(501)), /this one has 501/);
  assert.throws(() => row(AT, good, "a\0"), /holds a NUL/);
  for (const input of [{}, undefined, { text: 1 }, { text: "\0" }, { ...good, more: 1 }])
    assert.throws(() => row(AT, input), { code: "INVALID_INPUT" });
  assert.throws(() => row(AT, { text: "x".repeat(PAYLOAD_BYTES_MAX) }), /65536 bytes/);
  assert.equal(row(AT, good, "mine").name, "mine");
});

interface Stating {
  readonly emit: (event: object, payload: object) => void;
}

function failureOf(work: () => void): string {
  try {
    work();
    return "none";
  } catch (error) {
    return String(error);
  }
}

/** A shop that states things in many ways; with what became of them. */
async function shopOf() {
  const shop = service("shop", { entities: { Counter }, actor: "anyone" });
  const sold = shop.event("sold", { n: field.integer(), text: field.text().optional() }, { key: "n" });
  let late: Promise<string[]> | null = null;
  let tell = () => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const input = { count: field.integer() };
  const many = shop.command("POST /many", {
    input,
    run: async ({ emit, input }) => {
      for (let n = 0; n < input.count; n++) emit(sold, { n });
    },
  });
  const inner = shop.command("POST /inner", { input, run: async ({ emit, input }) => emit(sold, { n: input.count }) });
  const outer = shop.command("POST /outer", {
    input,
    run: async ({ call, emit, input }) => {
      emit(sold, { n: input.count });
      await call(inner, { count: input.count + 1 });
      if (input.count < 0) throw new Error("undone");
    },
  });
  const asks = shop.query("GET /asks", {
    output: field.integer(),
    run: async (context) => {
      (context as unknown as Stating).emit(sold, { n: 1 });
      return 1;
    },
  });
  const nested = shop.command("POST /nested", { run: async ({ call }) => void (await call(asks, {})) });
  const lately = shop.command("POST /lately", {
    input: { writes: field.boolean(), states: field.boolean(), fails: field.boolean().default(false) },
    run: async ({ db, emit, runAt, input, now }) => {
      if (input.writes) await db.insertInto("counter").values({ name: "late", value: 1 }).execute();
      if (input.states) emit(sold, { n: 0 });
      late = told.then(() => [failureOf(() => emit(sold, { n: 1 })), failureOf(() => runAt(now, many, { count: 1 }))]);
      if (input.fails) throw new Error("undone");
    },
  });
  const increase = shop.command("POST /increase", {
    run: async ({ db, emit }) => {
      const row = await db.selectFrom("counter").selectAll().where("name", "=", "all").executeTakeFirst();
      const value = (row?.value ?? 0) + 1;
      emit(sold, { n: value });
      const values = { name: "all", value };
      await db
        .insertInto("counter")
        .values(values)
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
        .execute();
    },
  });
  const total = shop.query("GET /total", {
    output: list(Counter),
    run: async ({ db }) => db.selectFrom("counter").selectAll().execute(),
  });
  const site = { shop, many, inner, outer, asks, nested, lately, increase, total };
  const app = await startTestApp({ services: { site } });
  const client = await app.connect();
  const numbers = async () => {
    const { rows } = await client.query<{ n: number }>(
      "select (payload->>'n')::integer as n from lineshaft.event order by id",
    );
    return rows.map(({ n }) => n);
  };
  const end = async () => {
    await client.end();
    await app.stop();
  };
  const untilLate = () => {
    tell();
    return late;
  };
  return { ...site, app, numbers, untilLate, [Symbol.asyncDispose]: end };
}

test("a command that only states things commits them; as many as there may be [CMD-1]", async () => {
  await using lab = await shopOf();
  await lab.app.call(lab.many, { count: 1 });
  await lab.app.call(lab.many, { count: EVENTS_MAX });
  assert.equal((await lab.numbers()).length, EVENTS_MAX + 1);
  await assert.rejects(lab.app.call(lab.many, { count: EVENTS_MAX + 1 }), /at most 1000 events/);
  await lab.app.call(lab.many, { count: 0 });
  assert.equal((await lab.numbers()).length, EVENTS_MAX + 1);
});

test("what a nested call states belongs to the one commit, and a query states nothing [CMD-1]", async () => {
  await using lab = await shopOf();
  await lab.app.call(lab.outer, { count: 1 });
  await assert.rejects(lab.app.call(lab.outer, { count: -5 }), /undone/);
  assert.deepEqual(await lab.numbers(), [1, 2]);
  await assert.rejects(lab.app.call(lab.asks, {}), /is a query and has no emit/);
  await assert.rejects(lab.app.call(lab.nested, {}), /is a query and has no emit/);
  assert.deepEqual(await lab.numbers(), [1, 2]);
});

test("a command that is repeated because of a conflict states its events once [CMD-1]", async () => {
  await using lab = await shopOf();
  const results = await Promise.allSettled(Array.from({ length: 24 }, () => lab.app.call(lab.increase, {})));
  const done = results.filter(({ status }) => status === "fulfilled").length;
  const [row] = await lab.app.call(lab.total, {});
  assert.equal(row?.value, done);
  // Each value was stated by the transaction that wrote it.
  assert.deepEqual(
    (await lab.numbers()).sort((one, two) => one - two),
    Array.from({ length: done }, (_, n) => n + 1),
  );
});

test("who states something once the call is over is told: it would be lost [CMD-1]", async () => {
  for (const writes of [true, false])
    for (const states of [true, false])
      for (const fails of [true, false]) {
        await using lab = await shopOf();
        await lab.app.call(lab.lately, { writes, states, fails }).catch(() => {});
        const failures = await lab.untilLate();
        assert.equal(failures?.length, 2);
        for (const failure of failures) assert.match(failure, /the call is over/);
        assert.deepEqual(await lab.numbers(), states && !fails ? [0] : []);
      }
});
