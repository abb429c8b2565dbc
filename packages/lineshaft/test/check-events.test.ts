/** Mistakes in events, handlers and schedules: each rule goes off on its sample and on nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Modules } from "../src/define/declarations.ts";
import { field, type Loose, mistakesOf, run, type Sample, service, testSamples } from "./check-samples.ts";

const FIELDS = { id: field.integer(), text: field.text() };

/** An app with one service that declares things. */
function withShop(declare: (shop: Loose) => void): Modules {
  const shop = service("shop", { actor: "anyone" });
  declare(shop);
  return { app: { shop } };
}

const withEvent = (name: Loose, options?: Loose, fields: Loose = FIELDS) =>
  withShop((shop) => shop.event(name, fields, options));
const withHandler = (options: Loose, name: Loose = "count", handler: Loose = run) =>
  withShop((shop) => shop.on(shop.event("sold", FIELDS), name, options, handler));
const withSchedule = (options: Loose, name: Loose = "tick") => withShop((shop) => shop.schedule(name, options, run));

const EVENTS: readonly Sample[] = [
  ["a name", () => withEvent("Sold"), /event "shop\.Sold": the name cannot be "Sold"/, /lower-case/],
  ["a long name", () => withEvent("a".repeat(64)), /the name cannot be/, /at most 63/],
  ["a name with a dot", () => withEvent("sold.out"), /the name cannot be "sold\.out"/, /lower-case/],
  [
    "two of one name",
    () =>
      withShop((shop) => {
        shop.event("sold", FIELDS);
        shop.event("sold", FIELDS);
      }),
    /another event has this name \(.*:\d+\)/,
    /another name/,
  ],
  ["a key that is no field", () => withEvent("sold", { key: "txt" }), /key names "txt"/, /Did you mean "text"\?/],
  ["a key in a list", () => withEvent("sold", { key: ["id", "no"] }), /key names "no"/, /id/],
  ["a version", () => withEvent("sold", { version: 0 }), /version is 0/, /whole number from 1/],
  ["a half version", () => withEvent("sold", { version: 1.5 }), /version is 1\.5/, /whole number from 1/],
  ["no upcast", () => withEvent("sold", { version: 3, upcast: { 2: run } }), /upcast lacks 1/, /upcast: \{ 1:/],
  ["an upcast that is none", () => withEvent("sold", { version: 2, upcast: { 1: 1 } }), /upcast lacks 1/, /old/],
  [
    "an upcast of no version before",
    () => withEvent("sold", { version: 2, upcast: { 1: run, 2: run } }),
    /upcast has 2/,
    /before 2/,
  ],
];

const HANDLERS: readonly Sample[] = [
  ["a name", () => withHandler({}, "Count"), /handler "shop\.Count": the name cannot be/, /lower-case/],
  ["no event", () => withShop((shop) => shop.on(undefined, "count", run)), /reacts to undefined/, /model\.ts/],
  ["an event by name", () => withShop((shop) => shop.on("sold", "count", run)), /reacts to "sold"/, /service\.event/],
  [
    "an event of a service that the app has not",
    () => withShop((shop) => shop.on(service("other", { actor: "anyone" }).event("sold", FIELDS), "count", run)),
    /belongs to a service that the app has not/,
    /"other"/,
  ],
  ["no run", () => withHandler({}, "count", null), /its run is null/, /async function/],
  ["no attempts", () => withHandler({ attempts: 0 }), /attempts is 0/, /1 to 100/],
  ["many attempts", () => withHandler({ attempts: 101 }), /attempts is 101/, /1 to 100/],
  ["no time", () => withHandler({ timeoutSeconds: 0 }), /timeoutSeconds is 0/, /at most 600/],
  ["much time", () => withHandler({ timeoutSeconds: 601 }), /timeoutSeconds is 601/, /at most 600/],
  ["time that is text", () => withHandler({ timeoutSeconds: "30" }), /timeoutSeconds is "30"/, /number of seconds/],
  ["an isolation", () => withHandler({ isolation: "serialisable" }), /isolation is/, /serializable/],
  ["a batch", () => withHandler({ batch: -1 }), /batch is -1/, /1 to 1000/],
  ["a large batch", () => withHandler({ batch: 1_001 }), /batch is 1001/, /1 to 1000/],
  ["from", () => withHandler({ from: "last" }), /from is "last"/, /first, now/],
  [
    "a handler and a schedule of one name",
    () =>
      withShop((shop) => {
        shop.on(shop.event("sold", FIELDS), "count", run);
        shop.schedule("count", { every: "1 hour" }, run);
      }),
    /another handler has this name/,
    /another name/,
  ],
];

const SCHEDULES: readonly Sample[] = [
  ["a name", () => withSchedule({ every: "1 hour" }, "no name"), /schedule "shop\.no name"/, /lower-case/],
  ["no time", () => withSchedule({}), /./, /cron|every/],
  ["cron", () => withSchedule({ cron: "61 * * * *" }), /cron/, /./],
  ["a zone", () => withSchedule({ cron: "0 3 * * *", timeZone: "Europe/Berln" }), /Berln/, /Berlin/],
  ["an interval", () => withSchedule({ every: "1 fortnight" }), /fortnight/, /./],
  ["missed", () => withSchedule({ every: "1 hour", missed: "twice" }), /missed is "twice"/, /once, all, skip/],
  ["overlap", () => withSchedule({ every: "1 hour", overlap: "no" }), /overlap is "no"/, /true or false/],
];

testSamples("events", EVENTS);
testSamples("handlers", HANDLERS);
testSamples("schedules", SCHEDULES);

test("what is right has no mistake, and a payload may be anything that an input may be", () => {
  const modules = withShop((shop) => {
    const sold = shop.event(
      "sold_2",
      { ...FIELDS, at: field.time(), any: field.json().optional() },
      {
        key: ["id", "text"],
        version: 3,
        upcast: { 1: run, 2: run },
      },
    );
    shop.on(sold, "count", run);
    shop.on(sold, "sum", { batch: 1_000, from: "now", attempts: 100, timeoutSeconds: 600 }, run);
    shop.schedule("tick", { cron: "0 3 * * *", timeZone: "Europe/Berlin", missed: "all", overlap: true }, run);
  });
  assert.deepEqual(mistakesOf(modules), []);
});

test("an event without fields, or of another kind, is a mistake, not a crash", () => {
  for (const declare of [
    (shop: Loose) => shop.event("sold", undefined, { key: "id" }),
    (shop: Loose) => shop.event("sold", null),
    (shop: Loose) => shop.event("sold", FIELDS, { key: 5 }),
    (shop: Loose) => shop.on(null, "count", null),
  ])
    assert.ok(mistakesOf(withShop(declare)).length > 0, String(declare));
});
