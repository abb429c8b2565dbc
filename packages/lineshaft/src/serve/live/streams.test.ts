/** Live queries as event streams: what LIVE-1 promises, on real servers, with changes by hand. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parsePosition } from "../../log/position.ts";
import { missing, TEST_SERVERS } from "../../testkit/index.ts";
import { type Started, startLiveApp } from "./test/app.ts";
import { Stream } from "./test/subscribers.ts";

for (const server of TEST_SERVERS) {
  describe(`event streams on ${server.name}`, { skip: missing(server) }, () => {
    let started: Started;
    let url: string;
    before(async () => {
      started = await startLiveApp({ server });
      ({ url } = started.app);
    });
    after(() => started[Symbol.asyncDispose]());

    test("the answer comes, then each change, also one by psql, in order [LIVE-1]", async () => {
      using stream = await Stream.open(`${url}/posts/one`);
      assert.equal(stream.response.headers.get("content-type"), "text/event-stream");
      await stream.until(({ views }) => views === 0);
      for (let views = 1; views <= 20; views++) {
        await started.views("one", views);
        await stream.until((data) => data.views === views);
      }
      const seen = stream.answers.map(({ data }) => data.views);
      assert.deepEqual(
        seen,
        Array.from({ length: 21 }, (_, views) => views),
      );
      const positions = stream.answers.map(({ id }) => parsePosition(id!));
      assert.deepEqual(
        positions,
        positions.toSorted((one, next) => (one < next ? -1 : 1)),
      );
      assert.match(stream.text, /^retry: 1000\n\n/);
      await started.views("one", 0);
    });
  });
}
