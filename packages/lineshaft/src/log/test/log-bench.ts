/** A log of events for tests: the platform's tables, nodes that give positions, and clients that commit events. */
import assert from "node:assert/strict";
import pg from "pg";
import { Stand, upTo, WAIT_MS } from "../../handle/test/stand.ts";
import { platformSchema } from "../../migrate/index.ts";
import { createMetrics } from "../../observe/metrics.ts";
import { poll } from "../../testkit/index.ts";
import { openControl } from "../control.ts";
import { type EventId, EventLog } from "../event-log.ts";

const INSERT = `insert into lineshaft.event (name, version, lane, at, payload)
  values ($1, 1, 0, now(), '{}') returning id::text, week::text`;

/** A database with the platform's tables, two logs as two nodes have them, and those who commit events. */
export class LogBench implements AsyncDisposable {
  readonly stand: Stand;
  readonly logs: readonly EventLog[];
  readonly #resources: AsyncDisposableStack;

  private constructor(stand: Stand, logs: readonly EventLog[], resources: AsyncDisposableStack) {
    this.stand = stand;
    this.logs = logs;
    this.#resources = resources;
  }

  static async open(): Promise<LogBench> {
    await using made = new AsyncDisposableStack();
    const stand = made.use(await Stand.open());
    await stand.ask(platformSchema.sql);
    const pool = () => made.use(openControl({ connection: stand.url, metrics: createMetrics(), size: 2 }));
    const logs = [new EventLog(pool()), new EventLog(pool())];
    return new LogBench(stand, logs, made.move());
  }

  async client(): Promise<pg.Client> {
    const client = new pg.Client(this.stand.url);
    await client.connect();
    this.#resources.defer(() => client.end());
    return client;
  }

  /** Commits an event. */
  async event(client: pg.Client, name = "shop.sold"): Promise<EventId> {
    return (await client.query<EventId>(INSERT, [name])).rows[0]!;
  }

  /** A mark that everything committed so far is before: other databases of the server hold it back, too. */
  async markAfterAll(log: EventLog): Promise<string> {
    const [now] = await this.stand.ask<{ xid: string }>("select pg_snapshot_xmax(pg_current_snapshot())::text as xid");
    const settled = async () => {
      const { xid } = await log.mark();
      return BigInt(xid) >= BigInt(now!.xid) && xid;
    };
    return poll(settled, { timeoutMs: WAIT_MS, what: "the end of older transactions" });
  }

  positions(): Promise<{ position: number; event: string }[]> {
    return this.stand.ask(
      "select position::float8 as position, event::text as event from lineshaft.log order by position",
    );
  }

  /** Each event has one position, and they are 1, 2, 3 … */
  async check(): Promise<void> {
    const events = await this.stand.ask<{ id: string }>("select e.id::text as id from lineshaft.event e order by e.id");
    const placed = await this.positions();
    assert.deepEqual(
      placed.map(({ position }) => position),
      upTo(events.length).map((n) => n + 1),
    );
    const byId = placed.map(({ event }) => event).sort((one, two) => Number(one) - Number(two));
    assert.deepEqual(
      byId,
      events.map(({ id }) => id),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
