/** The events bench on Lineshaft, through its public face; a backlog is put in as its commands would have stated it. */
import { Agent, request } from "node:http";
import { app } from "lineshaft";
import pg from "pg";
import type { Contender, Kind, Place, StepContender } from "../../events-contender.ts";
import * as service from "./service.ts";

export const bench = app({
  title: "Benchmark",
  services: { events: service },
  migrations: `${import.meta.dirname}/migrations`,
});

export const NOTE = "What has happened here is told to others. ".repeat(3);
const LANES = 16;
const SECRET = "the benchmark keeps no secret from anybody";

/** Events of one transaction, in a backlog. */
const FILL_EVENTS = 5_000;
const FILL = `insert into lineshaft.event (name, version, lane, at, payload)
  select $1, 1, number % ${LANES}, now(), json_build_object('number', number, 'note', $4::text)
  from generate_series($2::integer, $3::integer) number`;

/** Enough of the newest events to find some in each lane. */
const NEWEST = 512;

/** Whether events have no position yet, or handlers have not come to the newest ones. */
export const WAITS = `select exists (
    select from lineshaft.event e, lineshaft.head h where e.xid >= h.swept_xid
      and not exists (select from lineshaft.log l where l.event = e.id and l.week = e.week))
  or exists (
    select from (select * from lineshaft.log order by position desc limit ${NEWEST}) l
    join lineshaft.event e on e.id = l.event and e.week = l.week
    join lineshaft.handler h on h.event = e.name
    join lineshaft.cursor c on c.handler = h.name and c.lane = e.lane
    where c.position < l.position) as waits`;

/** Starts the app as in production. */
export async function startOurs(databaseUrl: string) {
  const settings = { mode: "production", port: 0, metricsPort: 0, logLevel: "error", databaseUrl } as const;
  return await bench.start({ environment: {}, settings: { ...settings, secret: SECRET } });
}

/** Posts to a server, over connections that are kept. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  post(path: string, body: unknown): Promise<void> {
    const headers = { "content-type": "application/json" };
    return new Promise((resolve, reject) => {
      const asked = request(`${this.#url}${path}`, { method: "POST", agent: this.#agent, headers }, (response) => {
        response.resume().once("end", () => {
          if (response.statusCode! < 300) resolve();
          else reject(new Error(`POST ${path} was answered with ${response.statusCode}.`));
        });
      });
      asked.once("error", reject).end(JSON.stringify(body));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A backlog in transactions that wait for their commit; when it comes, all of it becomes visible at once. */
async function fill(databaseUrl: string, name: string, count: number): Promise<readonly pg.Client[]> {
  const clients: pg.Client[] = [];
  for (let from = 1; from <= count; from += FILL_EVENTS) {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    await client.query("begin");
    await client.query(FILL, [name, from, Math.min(count, from + FILL_EVENTS - 1), NOTE]);
    clients.push(client);
  }
  return clients;
}

async function commit(client: pg.Client): Promise<void> {
  await client.query("commit");
  await client.end();
}

async function openHere({ databaseUrl }: Place): Promise<Contender> {
  const running = await startOurs(databaseUrl);
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const caller = new Caller(running.url);
  let backlog: readonly pg.Client[] = [];
  return {
    url: running.url,
    async fill(kind: Kind, count: number) {
      backlog = await fill(databaseUrl, `bench.${kind}`, count);
    },
    async start(onHandled) {
      service.observed.handled = onHandled;
      await Promise.all(backlog.map(commit));
    },
    isThrough: async () => !(await client.query(WAITS)).rows[0].waits,
    add: (number) => caller.post("/effects", { number, note: NOTE }),
    async close() {
      caller.close();
      await client.end();
      await running.stop();
    },
  };
}

/** One that only adds. */
function openCaller({ serverUrl }: Place): Contender {
  const caller = new Caller(serverUrl);
  const elsewhere = () => Promise.reject(new Error("the server is another process"));
  return {
    url: serverUrl,
    ...{ fill: elsewhere, start: elsewhere, isThrough: elsewhere },
    add: (number) => caller.post("/effects", { number, note: NOTE }),
    close: async () => caller.close(),
  };
}

export async function open(place: Place): Promise<Contender> {
  return place.serverUrl === "" ? await openHere(place) : openCaller(place);
}

export async function openSteps({ databaseUrl }: Place): Promise<StepContender> {
  const running = await startOurs(databaseUrl);
  const caller = new Caller(running.url);
  let last = 0;
  return {
    async run(steps) {
      const number = ++last;
      const { promise, resolve } = Promise.withResolvers<number>();
      service.observed.stepped = (through, ms) => void (through === number && resolve(ms));
      await caller.post("/stepped", { number, steps });
      return await promise;
    },
    async close() {
      caller.close();
      await running.stop();
    },
  };
}

if (import.meta.main) await bench.run();
