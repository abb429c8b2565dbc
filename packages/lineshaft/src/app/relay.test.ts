/** The relay inside an app: it comes up behind the sockets, hears what commands write, and goes before the database. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import type { Commit } from "../log/changes.ts";
import { missing, poll, startTestApp, TEST_SERVERS } from "../testkit/index.ts";

class Link extends entity("link", { id: field.id(), code: field.text({ max: 32 }) }) {}
const links = service("links", { entities: { Link }, actor: "anyone" });
const add = links.command("POST /links", {
  input: Link.pick("code"),
  output: Link,
  run: async ({ input, db }) => db.insertInto("link").values(input).returningAll().executeTakeFirstOrThrow(),
});
const options = { services: { links: { links, add } } };

for (const server of TEST_SERVERS) {
  describe(`an app's relay on ${server.name}`, { skip: missing(server) }, () => {
    test("is off in tests unless they ask for it", async () => {
      await using app = await startTestApp(options, { server });
      assert.equal(app.relay, null);
    });

    test("hears what a command writes, and what psql writes; its metrics are served", async () => {
      await using app = await startTestApp(options, { server, settings: { relay: "auto" } });
      const { relay } = app;
      relay!.start();
      await poll(() => relay!.state === "streaming");
      const commits: Commit[] = [];
      const ignore = () => {};
      relay!.subscribe({ commit: (commit) => commits.push(commit), reset: ignore, lost: ignore, resumed: ignore });
      await app.as(null).call(add, { code: "one" });
      const client = await app.connect();
      await client.query("insert into links.link (code) values ('two')");
      await client.end();
      await poll(() => commits.length === 2);
      const codes = commits.map(({ changes: [change] }) => {
        const index = change!.table.columns.findIndex(({ name }) => name === "code");
        return change!.new![index];
      });
      assert.deepEqual(codes, ["one", "two"]);
      const metrics = await (await fetch(app.metricsUrl)).text();
      assert.match(metrics, /^lineshaft_relay_transactions_total 2$/m);
      assert.match(metrics, /^lineshaft_relay_state\{state="streaming"\} 1$/m);
      await app.stop();
      assert.equal(relay!.state, "stopped");
    });

    test("on a server of its own: serving does not wait for the slot, and the end is quick", async () => {
      await using app = await startTestApp(options, { server, embedded: {}, settings: { relay: "auto" } });
      assert.equal((await app.fetch("/health/ready")).status, 200);
      app.relay!.start();
      await poll(() => app.relay!.state === "streaming");
      const startedMs = performance.now();
      await app.stop();
      assert.ok(performance.now() - startedMs < 5_000);
    });
  });
}
