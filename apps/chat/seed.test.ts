/** The demo data: it can be made, and the demo account finds something to read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as accounts from "lineshaft/accounts";
import { startTestApp } from "lineshaft/testkit";
import * as chat from "./index.ts";
import { seedChat } from "./seed.ts";

test("the demo account has rooms with messages, and some that it has not read", async () => {
  await using app = await startTestApp({ services: { accounts, chat } });
  const names = ["demo", "mira", "jonas"];
  const team = new Map(await Promise.all(names.map(async (name) => [name, await app.account({ name })] as const)));
  await seedChat({ call: app.call, team });
  const rooms = await app.as(team.get("demo")!).call(chat.rooms, {});
  assert.deepEqual(
    rooms.map(({ name, other, unread }) => [name ?? other?.name, unread]),
    [
      ["mira", 1],
      ["New website", 2],
      ["General", 3],
    ],
  );
});
