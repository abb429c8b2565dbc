/**
 * Who is in doubt is sent nothing. The table of sessions is locked here, so that a caller stays in doubt for as long as
 * the test wants, while the answers of its queries are worked out.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { AccountActor } from "../../define/actor.ts";
import { missing, TEST_SERVERS } from "../../testkit/index.ts";
import { type Started, startLiveApp } from "./test/app.ts";
import { eventually, Listener, Stream } from "./test/subscribers.ts";

const DELAYED = "lineshaft_live_delayed_total";
const LOCKS = "select from pg_locks where relation = 'accounts.session'::regclass and not granted";

for (const server of TEST_SERVERS) {
  describe(`callers in doubt on ${server.name}`, { skip: missing(server) }, () => {
    let started: Started;
    let url: string;
    before(async () => {
      started = await startLiveApp({ server });
      ({ url } = started.app);
    });
    after(() => started[Symbol.asyncDispose]());
    beforeEach(() => started.settle());

    /**
     * Commits a change of sessions together with new views of the post, keeps the caller in doubt until both of its
     * subscriptions lack an answer, and settles it.
     */
    async function doubt(ada: AccountActor, change: string, meanwhile: () => unknown): Promise<void> {
      const { app, client, metric } = started;
      const delayed = await metric(DELAYED);
      const locker = await app.connect();
      try {
        await client.query("begin");
        await client.query(change, [ada.id]);
        await client.query("update site.post set views = 77 where slug = 'one'");
        await locker.query("begin");
        // It is the next in the queue: when the commit is heard, nobody can read a session any more.
        const locked = locker.query("lock table accounts.session in access exclusive mode");
        await eventually(async () => (await client.query(LOCKS)).rowCount === 1, "the lock in the queue");
        await client.query("commit");
        await locked;
        await eventually(async () => (await metric(DELAYED)) >= delayed + 2, "answers that are held back");
        await meanwhile();
        await locker.query("rollback");
      } finally {
        await locker.end();
      }
    }

    async function subscribers(ada: AccountActor): Promise<{ stream: Stream; listener: Listener }> {
      const stream = await Stream.open("/mine", {}, (path, init) => started.app.as(ada).fetch(path, init));
      const listener = await Listener.open(url, { headers: { authorization: `Bearer ${await started.token(ada)}` } });
      listener.subscribe(1, "/mine");
      await stream.until(({ views }) => views === 0);
      await listener.untilBody(1, (body) => body?.views === 0);
      return { stream, listener };
    }

    test("an answer waits until it is known who calls, and then comes", async () => {
      const ada = await started.app.account();
      const { stream, listener } = await subscribers(ada);
      using _stream = stream;
      using _listener = listener;
      await doubt(ada, `update accounts.session set "expiresAt" = "expiresAt" + '1 day' where account = $1`, () => {
        assert.deepEqual([stream.events.length, listener.messages.length], [1, 1]);
      });
      await stream.until(({ views }) => views === 77);
      await listener.untilBody(1, ({ views }) => views === 77);
    });

    test("an answer that waits is not sent to whose session turns out to have ended", async () => {
      const ada = await started.app.account();
      const { stream, listener } = await subscribers(ada);
      using _stream = stream;
      using _listener = listener;
      await doubt(ada, "delete from accounts.session where account = $1", () => {
        assert.deepEqual([stream.events.length, listener.messages.length], [1, 1]);
      });
      assert.equal((await stream.untilEvent("problem")).data.code, "UNAUTHENTICATED");
      await stream.untilOver();
      assert.equal((await listener.until(({ type }) => type === "problem")).problem.code, "UNAUTHENTICATED");
      assert.deepEqual([stream.events.length, listener.messages.length], [2, 2]);
    });

    test("one who is in doubt holds nobody else up", async () => {
      const ada = await started.app.account();
      const { stream, listener } = await subscribers(ada);
      using _stream = stream;
      using _listener = listener;
      using nobody = await Stream.open(`${url}/posts/one`);
      await nobody.until(() => true);
      const change = `update accounts.session set "expiresAt" = "expiresAt" + '1 day' where account = $1`;
      await doubt(ada, change, async () => {
        await nobody.until(({ views }) => views === 77);
        assert.equal(stream.events.length, 1);
      });
    });
  });
}
