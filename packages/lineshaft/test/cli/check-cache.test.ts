/** `lineshaft check cache` as a real process, against a running app: what it writes, and its exit codes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeptAnswer } from "../../src/call/answers.ts";
import { entity, field, service } from "../../src/index.ts";
import { poll, startTestApp } from "../../src/testkit/index.ts";
import { Project } from "./project.ts";

class Link extends entity("link", { code: field.text({ max: 32 }) }, { primaryKey: ["code"] }) {}
const links = service("links", { entities: { Link }, actor: "anyone" });
const list = links.query("GET /links", {
  output: field.list(field.text()),
  run: async ({ db }) => (await db.selectFrom("link").select("code").orderBy("code").execute()).map(({ code }) => code),
});

test("check cache: says what there is, ends with 1 when an answer is out of date or a node cannot be asked", {
  timeout: 120_000,
}, async () => {
  await using project = new Project();
  await using app = await startTestApp({ services: { links: { links, list } } }, { settings: { relay: "auto" } });
  const isKept = async () => (await app.fetch("/links")).ok && [...app.cache!.entries()].length === 1;
  await poll(isKept, { timeoutMs: 20_000, what: "an answer that is kept" });
  const node = ["--node", app.metricsUrl];

  const text = await project.output("check", "cache", ...node);
  assert.match(text, /^ok {2}http:\/\/127\.0\.0\.1:\d+, relay streaming$/m);
  assert.match(text, /^ {2}kept +1, with a life of their own: 0, recognized callers: 0$/m);
  assert.match(text, /^ {2}checked +1$/m);
  assert.match(text, /^ {2}stale +0$/m);

  const [[, kept]] = [...app.cache!.entries()] as unknown as [[string, { body: KeptAnswer["body"] }]];
  kept.body = '["spoilt"]';
  const found = await project.run(["check", "cache", ...node, "--samples", "5", "--seconds", "5"]);
  assert.equal(found.code, 1);
  assert.match(found.stdout, /^stale [\s\S]*^ {2}stale +1: links\.list \(1\)$/m);
  assert.doesNotMatch(found.stdout, /spoilt/);

  // A port of no node's, told with the other node's report.
  const both = await project.run(["check", "cache", ...node, "--node", "http://127.0.0.1:9", "--json"]);
  assert.equal(both.code, 1);
  const [one, other] = JSON.parse(both.stdout) as { report: { stale: object } | null; error: string | null }[];
  assert.deepEqual(one!.report!.stale, { "links.list": 1 });
  assert.match(other!.error!, /cannot be asked: [\s\S]+Is http:\/\/127\.0\.0\.1:9 a node's metrics\?$/);

  const port = new URL(app.metricsUrl).port;
  assert.equal(
    (await project.run(["check", "cache"], { METRICS_PORT: port, PORT: "0" })).code,
    1,
    "this machine's node",
  );
  assert.match((await project.run(["check", "cache", "--node", app.url])).stdout, /answers 404/);
  const wrong = await project.run(["check", "cache", "--samples", "0"]);
  assert.deepEqual([wrong.code, /--samples is "0"; it takes a whole/.test(wrong.stderr)], [2, true]);
  assert.equal((await project.run(["check", "cache", "--node", "localhost"])).code, 2);
  assert.match(
    await project.output("help", "check", "cache"),
    /Usage +lineshaft check cache \[options\][\s\S]*Nothing is written/,
  );
});
