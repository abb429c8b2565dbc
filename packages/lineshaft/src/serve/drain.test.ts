/** The graceful end: what is under way is answered, nothing new begins, and it is over in bounded time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { poll, startTestApp } from "../testkit/index.ts";
import { KINDS, slowCalls } from "./test/kinds-app.ts";
import { statuses, Wire } from "./test/wire.ts";

const DRAIN_MS = 700;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

async function started(calls: number): Promise<void> {
  await poll(() => slowCalls.started >= calls, { what: "the slow call" });
}

test("a slow call is answered, its connection closes, idle and new ones are refused", async () => {
  const app = await startTestApp(KINDS);
  using busy = new Wire(app.url);
  using idle = new Wire(app.url);
  using silent = new Wire(app.url);
  await idle.send(get("/count")).until((text) => text.includes("count"));
  const before = slowCalls.started;
  busy.send(get("/slow?ms=300"));
  await started(before + 1);
  const stopped = app.stop();
  await idle.untilEnd();
  await poll(async () => !(await fetch(`${app.url}/count`).catch(() => null)), { what: "the refusal" });
  const received = await busy.untilEnd();
  assert.deepEqual(statuses(received), [200]);
  assert.match(received, /connection: close/i);
  await stopped;
  await silent.untilEnd();
});

test("a call that takes longer than the bound is cut", async () => {
  const app = await startTestApp(KINDS, { bounds: { drainMs: DRAIN_MS } });
  using busy = new Wire(app.url);
  const before = slowCalls.started;
  busy.send(get("/slow?ms=4000"));
  await started(before + 1);
  const startedAt = performance.now();
  await app.stop();
  assert.ok(performance.now() - startedAt < 3_500);
  assert.deepEqual(statuses(await busy.untilEnd()), []);
});

test("a caller that does not read its answer does not hold up the end", async () => {
  const app = await startTestApp(KINDS, { bounds: { drainMs: DRAIN_MS } });
  using wire = new Wire(app.url);
  wire.socket.pause();
  wire.send(get("/big?bytes=50000000"));
  await poll(async () => (await app.metrics.registry.metrics()).includes('route="/big"'), { what: "the answer" });
  await app.stop();
});
