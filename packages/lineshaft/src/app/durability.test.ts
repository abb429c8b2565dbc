/** What was answered is there, whatever is killed; and a database of one's own may go and come. On every server. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { modules, until } from "../call/test/stand.ts";
import { startEmbeddedPostgres } from "../engines/postgres-embedded/index.ts";
import { missing, startTestApp, TEST_SERVERS } from "../testkit/index.ts";

const CHILD = fileURLToPath(new URL("./test/child.ts", import.meta.url));
const ROUNDS = 2;
const WRITERS = 8;
/** Acknowledged writes before everything is killed. */
const WRITES_MIN = 100;

interface Child {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts the app; again, while the system has not yet buried the server that was killed. */
async function untilStarted(folder: string, binaries: string): Promise<Child> {
  let started: Child | undefined;
  await until("the app starts", async () => (started = await startChild(folder, binaries)) !== undefined);
  return started!;
}

async function startChild(folder: string, binaries: string): Promise<Child | undefined> {
  const child = spawn(process.execPath, [CHILD, folder, binaries], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const url of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return { child, url };
  return undefined;
}

function post(url: string, name: string): Promise<boolean> {
  const headers = { "content-type": "application/json" };
  return fetch(`${url}/accounts`, { method: "POST", headers, body: JSON.stringify({ name }) }).then(
    async (response) => {
      await response.arrayBuffer();
      if (response.status >= 500) throw new Error(`status ${response.status}`);
      return response.ok;
    },
    () => false,
  );
}

/** Names that could be taken again: those that are there cannot. */
async function lostOf(url: string, names: readonly string[]): Promise<string[]> {
  const taken = await Promise.all(names.map((name) => post(url, name)));
  return names.filter((_, index) => taken[index]);
}

for (const server of TEST_SERVERS) {
  describe(`durability on ${server.name}`, { skip: missing(server) }, () => {
    test("what was acknowledged survives kill -9 of the app and of Postgres at once [CMD-4]", async () => {
      const folder = mkdtempSync(join(tmpdir(), "lineshaft-durable-"));
      const acknowledged: string[] = [];
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const { child, url } = await untilStarted(folder, server.binaries ?? "");
          const data = join(folder, ".lineshaft/postgres/data");
          const postgres = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n", 1)[0]);
          assert.deepEqual(await lostOf(url, acknowledged), []);
          const target = acknowledged.length + WRITES_MIN;
          let living = true;
          const writer = async (number: number) => {
            for (let turn = 0; living; turn++) {
              const name = `${round}-${number}-${turn}`;
              if (await post(url, name)) acknowledged.push(name);
              if (acknowledged.length >= target && living) {
                living = false;
                process.kill(child.pid!, "SIGKILL");
                process.kill(postgres, "SIGKILL");
              }
            }
          };
          await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)));
          if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
        }
        assert.ok(acknowledged.length >= ROUNDS * WRITES_MIN);
        const { child, url } = await untilStarted(folder, server.binaries ?? "");
        const kept = Number(await (await fetch(`${url}/accounts`)).json());
        assert.ok(kept >= acknowledged.length, `${kept} kept of ${acknowledged.length} acknowledged`);
        assert.deepEqual(await lostOf(url, acknowledged), []);
        child.kill("SIGTERM");
        await once(child, "exit");
        // Postgres follows, and writes until it is gone.
        const pidFile = join(folder, ".lineshaft/postgres/data/postmaster.pid");
        await until("Postgres is gone", async () => !existsSync(pidFile));
      } finally {
        rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
      }
    });

    test("DATABASE_URL to a server that is stopped and started again: 503, then service by itself", async () => {
      const folder = mkdtempSync(join(tmpdir(), "lineshaft-url-"));
      const options = {
        folder: join(folder, "postgres"),
        durable: false,
        ...(server.binaries ? { binaries: server.binaries } : {}),
      };
      let postgres = await startEmbeddedPostgres(options);
      // The socket folder is another one after each start: a fixed name leads to it.

      const alias = join(folder, "socket");
      symlinkSync(postgres.connection.host, alias);
      const databaseUrl = `postgres://postgres@${encodeURIComponent(alias)}:${postgres.connection.port}/lineshaft`;
      try {
        await using app = await startTestApp({ services: modules }, { settings: { databaseUrl } });
        const get = async () => {
          const response = await fetch(`${app.url}/accounts`);
          await response.arrayBuffer();
          return response;
        };
        const ready = async () => (await fetch(`${app.url}/health/ready`)).status;
        assert.deepEqual([(await get()).status, await ready()], [200, 200]);
        await postgres.stop();
        const refused = await get();
        assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
        assert.equal(await ready(), 503);
        postgres = await startEmbeddedPostgres(options);
        unlinkSync(alias);
        symlinkSync(postgres.connection.host, alias);
        await until("it serves again", async () => (await get()).status === 200);
        const answers = await Promise.all(Array.from({ length: 50 }, get));
        assert.deepEqual(
          answers.filter((each) => each.status !== 200),
          [],
        );
        assert.equal(await ready(), 200);
      } finally {
        await postgres.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}
