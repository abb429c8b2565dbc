/** Contract of the durable stream: one reader in the fleet, nothing lost, whatever is killed. Real servers. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, test } from "node:test";
import { missing, poll, TEST_SERVERS } from "../testkit/index.ts";
import type { Commit } from "./changes.ts";
import { DurableStream, type DurableStreamOptions, LEASE_LOOK_MS } from "./durable-stream.ts";
import type { Position } from "./position.ts";
import { PUBLICATION, Stage, WAIT_MS } from "./test/stage.ts";

const SLOT = "select slot_name, active, wal_status, confirmed_flush_lsn from pg_replication_slots";

/** A reader in this process, and what it was told. */
class Reader implements AsyncDisposable {
  readonly stream: DurableStream;
  readonly resets: string[] = [];
  readonly ids: string[] = [];
  /** Waits inside `commits` while there is one. */
  gate: Promise<void> | null = null;
  /** Thrown by the next `reset`, or the next `commits`. */
  failure: { in: "commits" | "reset" } | null = null;

  constructor(stage: Stage, options: Partial<DurableStreamOptions> = {}) {
    const { url: connection, log } = stage;
    const consumer = {
      commits: (batch: readonly Commit[]) => this.#commits(batch),
      reset: (reason: string, position: Position) => this.#reset(reason, position),
    };
    this.stream = new DurableStream({ connection, publications: [PUBLICATION], log, consumer, ...options });
    this.stream.start();
  }

  async until(state: string): Promise<void> {
    await poll(() => this.stream.state === state, { what: state, timeoutMs: WAIT_MS });
  }

  async untilId(id: string): Promise<void> {
    await poll(() => this.ids.includes(id), { what: `id ${id}`, timeoutMs: WAIT_MS });
  }

  async #commits(batch: readonly Commit[]): Promise<void> {
    await this.gate;
    this.#failIn("commits");
    for (const { changes } of batch) for (const { new: row } of changes) this.ids.push(row![0]!);
  }

  async #reset(reason: string, position: Position): Promise<void> {
    assert.ok(position > 0n);
    this.#failIn("reset");
    this.resets.push(reason);
  }

  #failIn(where: "commits" | "reset"): void {
    if (this.failure?.in !== where) return;
    this.failure = null;
    throw new Error("of the consumer");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stream.close();
  }
}

/** A reader in another process. */
class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  output = "";

  constructor(stage: Stage, processes: boolean) {
    const argument = JSON.stringify({ url: stage.url, processes });
    this.process = spawn(process.execPath, [join(import.meta.dirname, "test/reader.ts"), argument], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.process.stdout!.on("data", (chunk) => (this.output += chunk));
  }

  async says(line: string): Promise<void> {
    await poll(() => this.output.includes(`${line}\n`), { what: line, timeoutMs: WAIT_MS });
  }

  /** Ends it by `kill -9`, and takes all that it said before. */
  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    if (!this.process.stdout!.closed) await once(this.process, "close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

for (const server of TEST_SERVERS) {
  describe(`the durable stream on ${server.name}`, { skip: missing(server) }, () => {
    test("begins with a reset, goes on over closing, and tells what was written in between", async () => {
      await using stage = await Stage.open(server);
      {
        await using first = new Reader(stage);
        await first.until("streaming");
        await stage.ask("insert into shop.item values (1)");
        await first.untilId("1");
        assert.match(first.resets.join(), /^the slot was not there/);
      }
      const [slot] = await stage.ask(SLOT);
      assert.deepEqual([slot!["active"], slot!["wal_status"]], [false, "reserved"]);
      await stage.ask("insert into shop.item values (2)");
      await using second = new Reader(stage);
      await second.untilId("2");
      assert.deepEqual([second.resets, second.ids], [[], ["2"]]);
    });

    test("acknowledges only what was processed: a reader that fails, or is killed, has its batch again", async () => {
      await using stage = await Stage.open(server, { wal_sender_timeout: "500ms" });
      {
        await using child = new Child(stage, false);
        await child.says("state streaming");
        const [{ lsn } = {}] = await stage.ask("select pg_current_wal_insert_lsn()::text as lsn");
        await stage.ask("insert into shop.item values (1)");
        await child.says("id 1");
        const end = Date.now() + 1_500;
        await poll(() => Date.now() > end, { what: "several keepalives" });
        const kept = `select active from pg_replication_slots where confirmed_flush_lsn <= '${lsn}'`;
        assert.deepEqual(await stage.ask(kept), [{ active: true }], "still read, and not acknowledged");
      }
      await using reader = new Reader(stage, { lookMs: 20 });
      reader.failure = { in: "commits" };
      await reader.untilId("1");
      await stage.ask("insert into shop.item values (2)");
      await reader.untilId("2");
      assert.deepEqual([reader.ids, reader.resets, reader.failure], [["1", "2"], [], null]);
    });

    test("kill -9 in the middle of a stream of writes: nothing is missing, and the order holds", async () => {
      await using stage = await Stage.open(server);
      const writer = await stage.client();
      const told: string[][] = [];
      let next = 1;
      for (let round = 0; round < 3; round++) {
        await using child = new Child(stage, true);
        await child.says("state streaming");
        for (const end = next + 200; next < end; next++)
          await writer.query("insert into shop.item values ($1)", [next]);
        await poll(() => child.output.includes("id"), { timeoutMs: WAIT_MS });
        await child.kill();
        told.push([...child.output.matchAll(/^id (\d+)$/gm)].map(([, id]) => id!));
      }
      await using reader = new Reader(stage, { lookMs: 20 });
      await stage.ask("insert into shop.item values (0)");
      await reader.untilId("0");
      told.push(reader.ids);
      for (const ids of told)
        assert.deepEqual(
          ids,
          ids.toSorted((a, b) => (Number(a) || 1e9) - (Number(b) || 1e9)),
        );
      assert.equal(new Set(told.flat()).size, next, "every row was told at least once");
    });

    test("two readers: one has the lease; when it is killed the other goes on within the bound", async () => {
      await using stage = await Stage.open(server);
      await using holder = new Child(stage, true);
      await holder.says("state streaming");
      await using other = new Reader(stage);
      await other.until("standby");
      await stage.ask("insert into shop.item values (1)");
      await holder.says("id 1");
      holder.process.kill("SIGKILL");
      const startedMs = performance.now();
      await stage.ask("insert into shop.item values (2)");
      await other.untilId("2");
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 2 * LEASE_LOOK_MS + 1_000, `${tookMs} ms`);
      assert.deepEqual(other.resets, []);
    });

    test("the slot is dropped: a new one, reset, then the stream", async () => {
      await using stage = await Stage.open(server);
      await using reader = new Reader(stage);
      await reader.until("streaming");
      await poll(async () => {
        await stage.ask("select pg_terminate_backend(pid) from pg_stat_replication");
        await stage.ask("select pg_drop_replication_slot(slot_name) from pg_replication_slots");
        return true;
      });
      await poll(() => reader.resets.length === 2 && reader.stream.state === "streaming", { timeoutMs: WAIT_MS });
      await stage.ask("insert into shop.item values (1)");
      await reader.untilId("1");
    });

    test("the slot is lost by its size: a new one, reset, then the stream; the disk did not fill", async () => {
      await using stage = await Stage.open(server, { max_slot_wal_keep_size: "1MB", min_wal_size: "32MB" });
      {
        await using reader = new Reader(stage);
        await reader.until("streaming");
      }
      await stage.ask("insert into shop.item values (1)");
      for (let segment = 0; segment < 4; segment++) {
        await stage.ask("select pg_switch_wal()");
        await stage.ask("insert into shop.item values ($1)", [100 + segment]);
      }
      await stage.ask("checkpoint");
      assert.equal((await stage.ask(SLOT))[0]!["wal_status"], "lost");
      await using reader = new Reader(stage, { lookMs: 20 });
      reader.failure = { in: "reset" };
      await reader.until("streaming");
      assert.deepEqual(reader.resets.length, 1, "a reset that fails is repeated before anything is streamed");
      assert.match(reader.resets[0]!, /the slot was (?:lost|made)/);
      await stage.ask("insert into shop.item values (2)");
      await reader.untilId("2");
      assert.deepEqual(reader.ids, ["2"]);
      assert.equal((await stage.ask(SLOT))[0]!["wal_status"], "reserved");
    });

    test("another timeline is a gap", async () => {
      await using stage = await Stage.open(server);
      {
        await using reader = new Reader(stage);
        await reader.until("streaming");
      }
      await stage.ask("update lineshaft.slot set timeline = timeline + 1");
      await using reader = new Reader(stage);
      await reader.until("streaming");
      assert.match(reader.resets.join(), /^a standby was promoted \(timeline 2 → 1\)/);
    });

    test("an idle stream is acknowledged by keepalives; a slow one holds the reading, not the memory", async () => {
      await using stage = await Stage.open(server, { wal_sender_timeout: "500ms" });
      await using reader = new Reader(stage);
      await reader.until("streaming");
      await stage.ask("create table shop.unpublished (n integer)");
      await stage.ask("insert into shop.unpublished select generate_series(1, 1000)");
      const [{ lsn } = {}] = await stage.ask("select pg_current_wal_lsn()::text as lsn");
      const isPast = `select from pg_replication_slots where confirmed_flush_lsn >= '${lsn}'`;
      await poll(async () => (await stage.ask(isPast)).length === 1, { timeoutMs: WAIT_MS });

      const { promise, resolve } = Promise.withResolvers<void>();
      reader.gate = promise;
      for (let each = 0; each < 6; each++) {
        await stage.ask(
          `insert into shop.item select n from generate_series(${each * 6_000}, ${each * 6_000 + 5_999}) n`,
        );
      }
      const end = Date.now() + 1_500;
      await poll(() => Date.now() > end, { what: "longer than wal_sender_timeout" });
      assert.equal(reader.stream.state, "streaming");
      resolve();
      await reader.untilId("35999");
      assert.equal(reader.ids.length, 36_000);
      assert.equal(reader.resets.length, 1);
    });

    test("a failover slot where the server can keep one", { skip: server.binaries !== undefined }, async () => {
      await using stage = await Stage.open(server);
      await using reader = new Reader(stage);
      await reader.until("streaming");
      assert.deepEqual(await stage.ask("select failover, temporary from pg_replication_slots"), [
        { failover: true, temporary: false },
      ]);
    });
  });
}
