/** Servers that an app is tested on, and whether they are here. */
import { existsSync } from "node:fs";

/** The embedded server, and another major version where Debian's package is there. */
export const TEST_SERVERS = [
  { name: "Postgres 18, embedded", binaries: undefined },
  { name: "Postgres 15, Debian", binaries: "/usr/lib/postgresql/15/bin" },
] as const;

/** One of `TEST_SERVERS`. */
export type TestServer = (typeof TEST_SERVERS)[number];

/** Why tests on a server cannot run here; `false` when they can. In CI a missing server is a failure, not a skip. */
export function missing(server: TestServer): string | false {
  if (server.binaries === undefined || existsSync(server.binaries)) return false;
  const why = `${server.binaries} is not there: apt-get install postgresql-15`;
  if (process.env.CI) throw new Error(why);
  return why;
}
