/**
 * Commits that wait for a standby which does not exist: they are in the log and told to who listens, and nobody sees
 * them. For a server of the test's own.
 */
import type pg from "pg";
import { poll } from "../poll.ts";

const HELD = "pid from pg_stat_activity where wait_event = 'SyncRep'";
const WAIT_MS = 20_000;

/** Opens a connection whose commits wait from now on. The server takes the setting up a while after it has said so. */
export async function holdCommits(client: pg.Client, connect: () => Promise<pg.Client>): Promise<pg.Client> {
  await client.query("alter system set synchronous_commit = 'local'");
  await client.query("alter system set synchronous_standby_names = 'nobody'");
  await client.query("select pg_reload_conf()");
  const writer = await connect();
  // A test that fails ends the server before its connections.
  for (const each of [client, writer]) each.on("error", () => {});
  await writer.query("set synchronous_commit = on");
  await poll(() => isHeld(client, writer), { timeoutMs: WAIT_MS, what: "a commit that waits" });
  return writer;
}

/** Lets the commits go that wait. */
export async function releaseCommits(client: pg.Client): Promise<void> {
  await client.query(`select pg_cancel_backend(pid) from (select ${HELD}) as held`);
}

/** Whether a commit of the writer waits; it is let go. */
async function isHeld(client: pg.Client, writer: pg.Client): Promise<boolean> {
  let isDone = false;
  const committed = writer.query("select pg_logical_emit_message(true, 'test', '')").then(() => {
    isDone = true;
  });
  const waits = async () => (await client.query(`select ${HELD}`)).rowCount! > 0;
  await poll(async () => isDone || (await waits()), { timeoutMs: WAIT_MS, what: "a commit that ends or waits" });
  if (isDone) return false;
  await releaseCommits(client);
  await committed;
  return true;
}
