/**
 * Live bench: how soon subscribers hear of a commit, what a crowd costs, and what an idle socket weighs.
 *
 *     node bench/live.ts             a table for people; about a minute
 *     node bench/live.ts --json      the same as JSON
 *
 * Model. One embedded Postgres, durable, and one node, in a process of its own; the subscribers live in this one. The
 * delay is from the answer to the writer's commit until the subscriber has the answer, so both clocks are one. Three
 * rounds: commits at `COMMITS_PER_SECOND` with one subscriber; `CROWD` subscribers of one query; sockets that do
 * nothing, as many as the system lets this process open. All processes share one machine: read ratios, not digits.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { WebSocket } from "ws";
import { entity } from "../packages/lineshaft/src/define/entity.ts";
import { field } from "../packages/lineshaft/src/define/field.ts";
import { service } from "../packages/lineshaft/src/define/service.ts";
import { startTestApp } from "../packages/lineshaft/src/testkit/index.ts";
import { table } from "./report.ts";

const COMMITS_PER_SECOND = 100;
const ROUND_MS = 10_000;
const CROWD = 1_000;
const CROWD_SOCKETS = 10;
const CROWD_CHANGES = 50;
const IDLE_SOCKETS_MAX = 9_900;
/** Files that this process needs beside sockets. */
const FILES_RESERVED = 100;

class Item extends entity("item", { id: field.serial(), name: field.text(), count: field.integer().default(0) }) {}
const shop = service("shop", { entities: { Item }, actor: "anyone" });
const item = shop.query("GET /items/:id", {
  input: { id: Item.fields.id },
  output: Item,
  async run({ input, db, fail }) {
    return (await db.selectFrom("item").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND");
  },
});

/** Runs when this file is forked: the node. */
async function serve(): Promise<void> {
  const app = await startTestApp(
    { services: { shop: { shop, item } } },
    { embedded: { durable: true }, settings: { relay: "auto" } },
  );
  process.on("message", async (message) => {
    if (message === "stop") {
      await app.stop();
      process.exit();
    }
    globalThis.gc?.();
    process.send!({ rss: process.memoryUsage().rss });
  });
  process.send!({ url: app.url, metricsUrl: app.metricsUrl, database: app.database });
}

interface Started {
  readonly url: string;
  readonly metricsUrl: string;
  readonly database: pg.ClientConfig;
}

/** One socket, which tells each count that one of its subscriptions has. */
async function subscriber(url: string, subscriptions: number, onCount: (count: number) => void): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/live`, "lineshaft.v1");
  await once(socket, "open");
  let answered = 0;
  const all = Promise.withResolvers<void>();
  socket.on("message", (data) => {
    const { type, body } = JSON.parse(String(data));
    if (type !== "answer") return;
    if (++answered === subscriptions) all.resolve();
    onCount(body.count);
  });
  for (let id = 1; id <= subscriptions; id++) socket.send(JSON.stringify({ type: "subscribe", id, path: "/items/1" }));
  await all.promise;
  return socket;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const round = (value: number) => Math.round(value * 100) / 100;

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text();
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(" ")[1] ?? 0,
  );
}

async function measureDelay({ url }: Started, writer: pg.Client) {
  const committedAt = new Map<number, number>();
  const delays: number[] = [];
  const seen: number[] = [];
  const socket = await subscriber(url, 1, (count) => void seen.push(count, performance.now()));
  const total = (COMMITS_PER_SECOND * ROUND_MS) / 1_000;
  const startedAt = performance.now();
  for (let count = 1; count <= total; count++) {
    const waitMs = startedAt + (count * 1_000) / COMMITS_PER_SECOND - performance.now();
    if (waitMs > 0) await pause(waitMs);
    await writer.query({ name: "write", text: "update shop.item set count = $1 where id = 1", values: [count] });
    committedAt.set(count, performance.now());
  }
  while (seen.at(-2) !== total) await pause(1);
  for (let index = 0; index < seen.length; index += 2) {
    const at = committedAt.get(seen[index]!);
    if (at !== undefined) delays.push(Math.max(0, seen[index + 1]! - at));
  }
  socket.close();
  return {
    commits: total,
    told: delays.length,
    p50Ms: round(percentile(delays, 0.5)),
    p99Ms: round(percentile(delays, 0.99)),
  };
}

async function measureCrowd({ url, metricsUrl }: Started, writer: pg.Client) {
  let reached = 0;
  let wanted = Number.NaN;
  let all = Promise.withResolvers<void>();
  const note = (count: number) => {
    if (count === wanted && ++reached === CROWD) all.resolve();
  };
  const opening = Array.from({ length: CROWD_SOCKETS }, () => subscriber(url, CROWD / CROWD_SOCKETS, note));
  const sockets = await Promise.all(opening);
  const before = await metric(metricsUrl, "lineshaft_live_recomputations_total");
  const delays: number[] = [];
  for (let change = 1; change <= CROWD_CHANGES; change++) {
    reached = 0;
    wanted = 1_000_000 + change;
    all = Promise.withResolvers();
    await writer.query("update shop.item set count = $1 where id = 1", [wanted]);
    const committedAt = performance.now();
    await all.promise;
    delays.push(performance.now() - committedAt);
  }
  const runs = (await metric(metricsUrl, "lineshaft_live_recomputations_total")) - before;
  for (const socket of sockets) socket.close();
  const [p50Ms, p99Ms] = [round(percentile(delays, 0.5)), round(percentile(delays, 0.99))];
  return { subscribers: CROWD, changes: CROWD_CHANGES, runs, allReachedP50Ms: p50Ms, allReachedP99Ms: p99Ms };
}

async function measureIdle({ url }: Started, rss: () => Promise<number>) {
  const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1_024);
  const count = Math.min(IDLE_SOCKETS_MAX, limit - FILES_RESERVED);
  const before = await rss();
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const size = Math.min(100, count - sockets.length);
    const batch = Array.from({ length: size }, async () => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/live`, "lineshaft.v1");
      await once(socket, "open");
      return socket;
    });
    sockets.push(...(await Promise.all(batch)));
  }
  const bytes = (await rss()) - before;
  for (const socket of sockets) socket.terminate();
  return { sockets: count, kibPerSocket: round(bytes / count / 1_024) };
}

async function main(): Promise<void> {
  const node = fork(import.meta.filename, ["serve"], { execArgv: ["--expose-gc"] });
  const [started] = (await once(node, "message")) as [Started];
  const rss = async () => {
    node.send("rss");
    const [{ rss: bytes }] = (await once(node, "message")) as [{ rss: number }];
    return bytes;
  };
  const writer = new pg.Client(started.database);
  await writer.connect();
  await writer.query("insert into shop.item (name) values ('one')");
  await fetch(`${started.url}/items/1`);
  while ((await metric(started.metricsUrl, 'lineshaft_relay_state{state="streaming"}')) !== 1) await pause(50);
  await pause(1_500);
  const result = {
    delay: await measureDelay(started, writer),
    crowd: await measureCrowd(started, writer),
    idle: await measureIdle(started, rss),
  };
  await writer.end();
  node.send("stop");
  await once(node, "exit");
  if (process.argv.includes("--json")) return void console.log(JSON.stringify(result, null, 2));
  const rows = Object.entries(result).flatMap(([name, figures]) =>
    Object.entries(figures).map(([figure, value]) => [name, figure, String(value)]),
  );
  console.log(table(["round", "figure", "value"], rows));
}

await (process.argv[2] === "serve" ? serve() : main());
