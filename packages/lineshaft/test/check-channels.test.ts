/** Mistakes in channels: each rule goes off on its sample and on nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Modules } from "../src/define/declarations.ts";
import { field, type Loose, mistakesOf, run, type Sample, service, testSamples } from "./check-samples.ts";

/** An app with one service and its channels, by path. */
function withChannels(channels: Readonly<Record<string, Loose>>): Modules {
  const club: Loose = service("club", { actor: "anyone" });
  const declared = Object.entries(channels).map(([path, options], at) => [`c${at}`, club.channel(path, options)]);
  return { app: { club, ...Object.fromEntries(declared) } };
}

const withChannel = (options: Loose, path = "/a") => withChannels({ [path]: options });

const CHANNELS: readonly Sample[] = [
  ["a path", () => withChannel({}, "a b"), /the route "GET a b" has another form/, /Write method and path/],
  ["a parameter without input", () => withChannel({}, "/a/:id"), /the route has :id/, /Add id/],
  [
    "two of one path",
    () => withChannels({ "/a/:x": { input: { x: field.text() } }, "/a/:y": { input: { y: field.text() } } }),
    /app\.c0 has the same path already \(.*:\d+\)/,
    /Change one of the paths/,
  ],
  ["an actor", () => withChannel({ actor: "admin" }), /actor is "admin"/, /account/],
  ["a limit", () => withChannel({ limit: { per: "actor", rate: "5/week" } }), /limit\.rate is "5\/week"/, /60\/minute/],
  [
    "an input from a header",
    () => withChannel({ input: { x: field.text().from("header") } }),
    /input\.x: it is read from "header"/,
    /path and query string/,
  ],
  ["a message's name", () => withChannel({ messages: { "a b": {} } }), /the name cannot be "a b"/, /at most 63/],
  ["a message's fields", () => withChannel({ messages: { a: 5 } }), /the payload is 5/, /object of fields/],
  ["no messages", () => withChannel({ messages: 5 }), /messages is 5/, /messages: \{/],
  [
    "a server's message that is none",
    () => withChannel({ messages: { news: {} }, fromServer: ["new"] }),
    /fromServer names "new"/,
    /Did you mean "news"\?/,
  ],
  ["a state", () => withChannel({ state: 5 }), /state: the payload is 5/, /object of fields/],
  ["a member without a rule", () => withChannel({ member: { a: field.text() } }), /member, and no join/, /Add join/],
  ["presence", () => withChannel({ presence: 1 }), /presence is 1/, /true or false/],
  ["a rule that is none", () => withChannel({ join: 5 }), /join is 5/, /async function/],
];

testSamples("channels", CHANNELS);

test("what is right has no mistake", () => {
  const rule = { join: run, member: { a: field.text() }, state: { b: field.text() }, limit: undefined };
  const talk = { messages: { hi: {}, news: { at: field.time() } }, fromServer: ["news"] };
  const modules = withChannels({ "/a/:x": { input: { x: field.text(), y: field.text() }, ...rule }, "/a": talk });
  assert.deepEqual(mistakesOf(modules), []);
});
