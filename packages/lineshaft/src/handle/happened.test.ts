/** Stored events as handlers get them: raised to the declared version, or not handled, with words that say why. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventDefinition, EventOptions } from "../define/event.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import type { StoredEvent } from "../log/event-log.ts";
import { happened } from "./happened.ts";
import { type Ledger, ledger, modulesOf, Stand, WAIT_MS } from "./test/stand.ts";

const FIELDS = {
  n: field.bigint(),
  at: field.time(),
  note: field.text().optional(),
  kind: field.text().default("new"),
};

function eventOf(options: EventOptions<typeof FIELDS> = {}): EventDefinition {
  return service("shop").event("sold", FIELDS, options) as unknown as EventDefinition;
}

function stored(payload: unknown, version = 1): StoredEvent {
  const about = { position: 7, id: "9", week: "2026-02-02", name: "shop.sold", key: null, lane: 0, at: new Date(0) };
  return { ...about, version, payload: JSON.stringify(payload) };
}

const GOOD = { n: "12345678901234567890", at: "2026-02-01T12:00:00Z" };

test("payloads have the values that an input has", () => {
  const { payload, ...rest } = happened(eventOf(), stored({ ...GOOD, n: "123" }));
  assert.deepEqual(payload, { n: 123n, at: new Date("2026-02-01T12:00:00Z"), kind: "new" });
  assert.deepEqual(rest, { id: "9", position: "7", name: "shop.sold", version: 1, key: null, at: new Date(0) });
});

test("an old payload goes through each upcast in turn, and what they give is checked", () => {
  const upcast = {
    1: ({ count, ...rest }: { count: number }) => ({ ...rest, number: count }),
    2: ({ number, ...rest }: { number: number }) => ({ ...rest, n: BigInt(number), at: new Date(0) }),
    3: (was: object) => Object.assign(was, { note: "third" }),
  };
  // A bigint is not JSON: whoever upcasts writes it as text.
  assert.throws(() => happened(eventOf({ version: 4, upcast }), stored({ count: 5 })), /BigInt/);
  const texts = { ...upcast, 2: ({ number }: { number: number }) => ({ n: `${number}`, at: new Date(0) }) };
  const event = eventOf({ version: 4, upcast: texts });
  const expected = { n: 5n, at: new Date(0), note: "third", kind: "new" };
  assert.deepEqual(happened(event, stored({ count: 5 })).payload, expected);
  assert.deepEqual(happened(event, stored({ number: 5 }, 2)).payload, expected);
  assert.equal(happened(event, stored({ number: 5 }, 2)).version, 2);
  assert.deepEqual(happened(event, stored({ n: "5", at: new Date(0) }, 4)).payload, {
    n: 5n,
    at: new Date(0),
    kind: "new",
  });
});

const UNREADABLE: readonly [string, EventOptions<typeof FIELDS>, StoredEvent, RegExp][] = [
  ["a newer version", {}, stored(GOOD, 2), /event 9 \(shop\.sold\) has version 2, .* up to 1: run newer code/],
  ["a shape that has changed", {}, stored({ at: GOOD.at }), /not what version 1 declares: .*n.* raise the version/],
  ["a field that is gone", {}, stored({ ...GOOD, n: "1", gone: true }), /gone/],
  [
    "an upcast that throws",
    {
      version: 2,
      upcast: {
        1: () => {
          throw new Error("which?");
        },
      },
    },
    stored({}),
    /which\?/,
  ],
  ["an upcast that gives nothing", { version: 2, upcast: { 1: () => undefined as never } }, stored({}), /./],
  [
    "an upcast that gives something else",
    { version: 2, upcast: { 1: () => ({ n: 1 }) } },
    stored({}),
    /after upcast from version 1/,
  ],
];
for (const [what, options, event, expected] of UNREADABLE)
  test(`what cannot be read says why: ${what}`, () => {
    assert.throws(() => happened(eventOf(options), event), expected);
  });

test("an event that cannot be read is a dead letter in time, and others of its key go on [EVT-3]", async () => {
  await using stand = await Stand.open();
  const of: Ledger = ledger("only", {
    version: 2,
    upcast: {
      1: ({ n, ...rest }: { n: number }) => {
        if (n === 1) throw new Error("cannot be raised");
        return { ...rest, n: n + 100 };
      },
    },
  });
  of.notes.on(of.noted, "count", { attempts: 2 }, (context) => of.record(context, "count"));
  of.notes.on(of.noted, "sums", { attempts: 2, batch: 10 }, async ({ events, db, attempt }) => {
    for (const event of events) await of.record({ db, attempt, event }, "sums");
  });
  await using app = await stand.node(modulesOf(of));
  const insert = `insert into lineshaft.event (name, version, key, lane, at, payload)
    select 'notes.noted', 1, 'a', 3, now(), json_build_object('key', 'a', 'n', n) from generate_series(0, 2) n`;
  await stand.ask(insert);
  for (let turn = 0; turn < 3; turn++) {
    await app.untilHandled({ timeoutMs: WAIT_MS });
    app.clock.advance("1h");
  }
  for (const handler of ["count", "sums"])
    assert.deepEqual(
      (await stand.effects(handler)).map(({ n }) => n),
      [100, 102],
      handler,
    );
  const dead = await stand.ask<{ state: string; error: string }>("select state, error from lineshaft.work");
  assert.equal(dead.length, 2);
  for (const { state, error } of dead) assert.deepEqual([state, error], ["dead", "Error: cannot be raised"]);
});
