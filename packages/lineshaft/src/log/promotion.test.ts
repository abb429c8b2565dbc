/**
 * A primary that dies and a standby that takes its place, at the same address: what relays hear.
 * Needs `pg_basebackup`, which Debian's package has and the embedded server has not.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import pg from "pg";
import { TcpProxy } from "../data/test/proxy.ts";
import { missing, poll, TEST_SERVERS } from "../testkit/index.ts";
import { Stage, WAIT_MS } from "./test/stage.ts";

const server = TEST_SERVERS[1];
const SOCKET = ".s.PGSQL.5432";

function giveAll(path: string, uid: number, gid: number): void {
  chownSync(path, uid, gid);
  if (!statSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) giveAll(join(path, name), uid, gid);
}

/** A standby of a running server, in a folder of its own; disposing of it stops it. */
async function startStandby(stage: Stage): Promise<{ readonly socketFolder: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-standby-"));
  chmodSync(folder, 0o755);
  const [data, socketFolder] = [join(folder, "data"), join(folder, "s")];
  const { host } = stage.server.connection;
  const copied = spawnSync(join(server.binaries, "pg_basebackup"), ["-h", host, "-U", "postgres", "-D", data, "-R"], {
    encoding: "utf8",
  });
  assert.equal(copied.status, 0, copied.stderr);
  mkdirSync(socketFolder);
  const [{ folder: original } = {}] = await stage.ask("select current_setting('data_directory') as folder");
  const { uid, gid } = statSync(original as string);
  giveAll(folder, uid, gid);
  const settings = ["wal_level=logical", "max_wal_senders=10", "max_replication_slots=10", "listen_addresses="];
  const child = spawn(
    join(server.binaries, "postgres"),
    ["-D", data, "-k", socketFolder, ...settings.flatMap((each) => ["-c", each])],
    { uid, gid, cwd: "/", stdio: "ignore" },
  );
  return {
    socketFolder,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      if (child.exitCode === null) await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test("a promoted standby: caches begin anew, and the stream goes on", {
  skip: missing(server),
}, async () => {
  await using stage = await Stage.open(server);
  await using standby = await startStandby(stage);
  const address = join(mkdtempSync(join(tmpdir(), "lineshaft-address-")), SOCKET);
  symlinkSync(join(stage.server.connection.host, SOCKET), address);
  await using proxy = await TcpProxy.open(address);
  await using open = await stage.relay({ connection: proxy.url });
  await stage.ask("insert into shop.item values (1)");

  const promoted = async (text: string) => {
    const client = new pg.Client({ ...stage.server.connection, host: standby.socketFolder });
    client.on("error", () => {});
    await client.connect();
    return (await client.query(text).finally(() => client.end())).rows;
  };
  const arrived = async () => (await promoted("select from shop.item")).length === 1;
  await poll(arrived, { timeoutMs: WAIT_MS });
  await stage.server.stop();
  rmSync(address);
  symlinkSync(join(standby.socketFolder, SOCKET), address);
  await poll(() => open.relay.state === "polling", { timeoutMs: WAIT_MS, what: "a standby that takes no writes" });
  await promoted("select pg_promote()");
  await poll(() => open.relay.state === "streaming", { timeoutMs: 2 * WAIT_MS });
  assert.match(open.tape.heard.at(-2)!, /^reset: .*a standby was promoted \(timeline 1 → 2\)/);
  await promoted("insert into shop.item values (2)");
  await open.tape.until(2);
});
