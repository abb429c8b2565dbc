/** The end of a link is prompt, whatever it is about: opening, pausing, making its slot, streaming. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CONNECT_MS } from "../data/connection.ts";
import { createLog } from "../observe/log.ts";
import { createMetrics } from "../observe/metrics.ts";
import { missing, poll, TEST_SERVERS } from "../testkit/index.ts";
import { Relay } from "./relay.ts";
import { PUBLICATION, Stage, WAIT_MS } from "./test/stage.ts";

const CLOSING = fileURLToPath(new URL("./test/closing.ts", import.meta.url));
/** Well below every time that the end could wait for instead. */
const PROMPT_MS = CONNECT_MS / 3;
/** By then a relay streams, on an idle machine. */
const LATEST_MS = 40;

/** What listens where a database should be, until it is disposed of; and its address. */
async function listen(onSocket: (socket: Socket) => void): Promise<{ connection: string } & Disposable> {
  const server = createServer(onSocket).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return { connection: `postgres://nobody@127.0.0.1:${port}/nothing`, [Symbol.dispose]: () => void server.close() };
}

function relayOn(connection: string): Relay {
  const log = createLog({ level: "silent", readable: false });
  return new Relay({ connection, publications: [PUBLICATION], metrics: createMetrics(), log, random: () => 1 });
}

async function closeMs(relay: Relay): Promise<number> {
  const startedAt = performance.now();
  await relay.close();
  return performance.now() - startedAt;
}

test("a link that is being opened ends at once, though the database does not answer", async () => {
  const sockets: Socket[] = [];
  using database = await listen((socket) => void sockets.push(socket.on("error", () => {}).resume()));
  const relay = relayOn(database.connection);
  relay.start();
  await poll(() => sockets.length === 1, { timeoutMs: WAIT_MS });
  assert.ok((await closeMs(relay)) < PROMPT_MS);
  assert.equal(relay.state, "stopped");
  await poll(() => sockets.every(({ readableEnded, destroyed }) => readableEnded || destroyed));
});

test("a link that pauses between two attempts ends at once, and for good", async () => {
  let attempts = 0;
  using database = await listen((socket) => {
    attempts++;
    socket.on("error", () => {}).destroy();
  });
  const relay = relayOn(database.connection);
  relay.start();
  // The pauses double: the one after these is longer than the end may take.
  await poll(() => attempts >= 6, { timeoutMs: WAIT_MS });
  await poll(() => relay.state === "reconnecting");
  assert.ok((await closeMs(relay)) < PROMPT_MS);
  const before = attempts;
  relay.start();
  await relay.close();
  assert.equal(attempts, before);
});

for (const server of TEST_SERVERS) {
  describe(`the end of a relay on ${server.name}`, { skip: missing(server) }, () => {
    let stage: Stage;
    before(async () => {
      stage = await Stage.open(server);
    });
    after(() => stage[Symbol.asyncDispose]());

    test("at whatever moment it comes, it comes to its end", async () => {
      const [{ schema, name }] = PUBLICATION.tables as [{ schema: string; name: string }];
      const child = spawn(process.execPath, [CLOSING, stage.url, schema, name, String(LATEST_MS)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      assert.deepEqual(await once(child, "exit"), [0, null]);
    });

    test("it leaves no connection and no slot behind", async () => {
      for (let round = 0; round < 5; round++) {
        const { relay } = stage.newRelay();
        await poll(
          async () => (await stage.ask("select 1 from pg_stat_activity where backend_type = 'walsender'"))[0],
          {
            timeoutMs: WAIT_MS,
          },
        );
        await relay.close();
      }
      const left =
        "select pid from pg_stat_activity where backend_type = 'walsender' union all " +
        "select 0 from pg_replication_slots";
      await poll(async () => (await stage.ask(left)).length === 0, { timeoutMs: WAIT_MS });
    });

    test("it waits a bounded time for a slot that waits for a transaction", async () => {
      const writer = await stage.client();
      await writer.query("begin; select pg_current_xact_id()");
      const { relay } = stage.newRelay();
      const making = "select 1 from pg_stat_activity where query like 'CREATE_REPLICATION_SLOT%'";
      await poll(async () => (await stage.ask(making))[0], { timeoutMs: WAIT_MS });
      assert.ok((await closeMs(relay)) < WAIT_MS);
      await writer.query("rollback");
    });
  });
}
