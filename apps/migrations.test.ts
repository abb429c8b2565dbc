/** The committed migrations make the declared schema, on every server, and `schema.sql` is what they make. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { missing, startTestApp, TEST_SERVERS } from "lineshaft/testkit";
import { apps } from "./main.ts";

const MIGRATIONS = join(import.meta.dirname, "../migrations");

for (const server of TEST_SERVERS) {
  describe(`the committed migrations on ${server.name}`, { skip: missing(server) }, () => {
    test("give a schema that a production start accepts, and that is the committed one", async () => {
      const settings = { mode: "production" as const, secret: "a secret of a test, 32 characters long" };
      const options = { ...apps.options, migrations: MIGRATIONS };
      await using running = await startTestApp(options, { server, settings });
      assert.equal(await running.schema(), readFileSync(join(MIGRATIONS, "schema.sql"), "utf8"));
    });
  });
}
