/**
 * A launcher in a process of its own, for the tests: starts Postgres with the options given as JSON, prints one line of
 * JSON about it, and stays until its input ends or it is killed.
 */
import { EmbeddedPostgresError, type EmbeddedPostgresOptions, startEmbeddedPostgres } from "../index.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as EmbeddedPostgresOptions;
try {
  const postgres = await startEmbeddedPostgres(options);
  process.stdout.write(`${JSON.stringify({ url: postgres.url, pid: postgres.pid, host: postgres.connection.host })}\n`);
  process.stdin.resume();
  process.stdin.once("end", () => void postgres.stop());
} catch (error) {
  if (!(error instanceof EmbeddedPostgresError)) throw error;
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`);
}
