/** Whatever breaks, subscribers end at the truth: the log's stream, the database, the node. On servers of their own. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { chromium } from "playwright-core";
import { missing, poll, startTestApp, TEST_SERVERS, type TestApp, type TestServer } from "../../testkit/index.ts";
import { holdCommits, releaseCommits } from "../../testkit/test/held-commits.ts";
import { LIVE_APP, type Started, startLiveApp } from "./test/app.ts";
import { eventually, Listener, Stream } from "./test/subscribers.ts";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync";
/** A server that was killed recovers first. */
const BACK_MS = 60_000;

/** Writes on a connection of its own until the database takes it. */
async function write({ app }: Started, views: number): Promise<void> {
  const attempt = async () => {
    const client = await app.connect();
    client.on("error", () => {});
    try {
      await client.query("update site.post set views = $1", [views]);
      return true;
    } finally {
      await client.end().catch(() => {});
    }
  };
  await poll(attempt, { timeoutMs: BACK_MS, what: "the database" });
}

/** Breaks something under a stream and a socket, changes the data, and waits for both to tell. */
async function survive(server: TestServer, breaking: (started: Started) => Promise<unknown>): Promise<void> {
  await using started = await startLiveApp({ server, embedded: {} });
  const { app } = started;
  using stream = await Stream.open(`${app.url}/posts/one`);
  using listener = await Listener.open(app.url);
  listener.subscribe(1, "/posts");
  await stream.until(() => true);
  await listener.untilBody(1, (rows) => rows?.length === 2);
  for (let views = 1; views <= 3; views++) {
    if (views === 2) await breaking(started);
    await write(started, views);
    await poll(() => stream.last?.data.views === views, { timeoutMs: BACK_MS, what: `${views} on the stream` });
    await poll(() => listener.body(1)[0].views === views, { timeoutMs: BACK_MS, what: `${views} on the socket` });
  }
  await poll(() => app.cache!.isOn, { timeoutMs: BACK_MS });
  await write(started, 4);
  await eventually(() => stream.last?.data.views === 4 && listener.body(1)[1].views === 4);
  assert.ok(
    stream.events.every(({ event }) => event === "answer"),
    "nobody was told of it",
  );
}

async function signal({ client }: Started, name: NodeJS.Signals): Promise<void> {
  const { rows } = await client.query("show data_directory");
  const pid = Number(readFileSync(`${rows[0].data_directory}/postmaster.pid`, "utf8").split("\n", 1)[0]);
  process.kill(pid, name);
}

/** A node on the database of another one. */
function startNode(app: TestApp, server: TestServer, port = 0): Promise<TestApp> {
  const databaseUrl = app.database as string;
  return startTestApp(LIVE_APP, { server, settings: { relay: "auto", databaseUrl, port } });
}

for (const server of TEST_SERVERS) {
  // Each has a server of its own, and waits for it.
  describe(`live queries in trouble on ${server.name}`, { skip: missing(server), concurrency: 3 }, () => {
    test("the stream of the log breaks [LIVE-1]", () =>
      survive(server, ({ client }) => client.query("select pg_terminate_backend(pid) from pg_stat_replication")));

    test("the database restarts [LIVE-1]", () => survive(server, (started) => signal(started, "SIGINT")));

    test("the database is killed [LIVE-1]", () => survive(server, (started) => signal(started, "SIGKILL")));

    test("a commit that is heard before it can be seen does not leave the old answer behind [LIVE-1]", async () => {
      await using started = await startLiveApp({ server, embedded: {} });
      const { app, client } = started;
      const writer = await holdCommits(client, () => app.connect());
      using stream = await Stream.open(`${app.url}/posts/one`);
      await stream.until(() => true);
      const runs = await started.metric("lineshaft_live_recomputations_total");
      const written = writer.query("update site.post set views = 5 where slug = 'one'");
      // It waits for a standby that does not exist: told, and invisible.
      await eventually(async () => (await started.metric("lineshaft_live_recomputations_total")) > runs + 2);
      assert.equal(stream.answers.length, 1);
      await releaseCommits(client);
      await written;
      await stream.until(({ views }) => views === 5);
      await writer.end();
    });

    test("a node restarts: a browser goes on by itself from where it was [LIVE-1]", {
      skip: existsSync(CHROMIUM) ? false : "there is no chromium",
    }, async () => {
      await using started = await startLiveApp({ server });
      let node = await startNode(started.app, server);
      const port = Number(new URL(node.url).port);
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(" ") });
      try {
        const page = await browser.newPage();
        await page.goto(`${node.url}/openapi.json`);
        await page.evaluate(() => {
          const source = new EventSource("/posts/one");
          const seen: number[] = [];
          source.addEventListener("answer", (event) => seen.push(JSON.parse((event as MessageEvent).data).views));
          Object.assign(globalThis, { seen });
        });
        const seen = () => page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen);
        await eventually(async () => (await seen()).length === 1);
        await started.views("one", 1);
        await eventually(async () => (await seen()).at(-1) === 1);
        await node.stop();
        await started.views("one", 2);
        node = await startNode(started.app, server, port);
        await poll(async () => (await seen()).at(-1) === 2, { timeoutMs: BACK_MS });
        await started.views("one", 3);
        await poll(async () => (await seen()).at(-1) === 3, { timeoutMs: BACK_MS });
        assert.deepEqual(await seen(), [0, 1, 2, 3]);
      } finally {
        await browser.close();
        await node.stop();
      }
    });
  });
}
