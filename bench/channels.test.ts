/** The servers of the channels bench do the same: ours, the floor, and the peers that are installed. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Clients } from "./channels-clients.ts";
import { CONTENDERS, Node } from "./channels-contender.ts";
import { read, readSent } from "./channels-dialect.ts";
import type { Member } from "./channels-member.ts";
import { Tally } from "./channels-tally.ts";
import { Arena, type Site } from "./events-arena.ts";
import { OURS } from "./events-contender.ts";
import { PEERS } from "./peers.ts";

const [ROOMS, MEMBERS] = [3, 4];
const isInstalled = existsSync(join(PEERS, "node_modules", "socket.io"));
const isMissing = "the peers are not installed: npm run bench does it";

describe("servers of the channels bench", () => {
  let arena: Arena;
  let site: Site;
  before(async () => {
    arena = await Arena.open();
    site = await arena.site({ name: OURS, redis: null });
  });
  after(async () => {
    await site[Symbol.asyncDispose]();
    await arena[Symbol.asyncDispose]();
  });

  for (const contender of CONTENDERS) {
    const { title, dialect, isAside } = contender;
    const skip = contender.package !== null && !isInstalled && isMissing;
    const start = (port = 0) => Node.start(contender, site.place.databaseUrl, port);

    test(`${title}: each message reaches all others in its room, and nobody else`, { skip }, async () => {
      await using node = await start();
      const plan = { dialect, ports: [node.port], rooms: ROOMS, members: MEMBERS, isHall: false };
      await using clients = await Clients.start(plan);
      await clients.ask("join", 5);
      const paced = await clients.ask("pace", 300, 0.2);
      assert.deepEqual([paced.delivered, paced.wrong], [60 * (MEMBERS - 1), 0]);
      const flooded = await clients.ask("flood", 0.2, 4);
      assert.equal(flooded.wrong, 0);
      assert.ok(flooded.delivered > 0 && flooded.p50 > 0, JSON.stringify(flooded));
      const { cpuMicros, heldBytes } = await node.usage(true);
      assert.ok(cpuMicros > 0 && heldBytes > 0);
    });

    test(`${title}: all are back after a cut, and after a kill`, { skip: skip || isAside }, async () => {
      await using node = await start();
      const plan = { dialect, ports: [node.port], rooms: ROOMS, members: MEMBERS, isHall: false };
      await using clients = await Clients.start(plan);
      await clients.ask("join", 5);
      await clients.ask("cut");
      await clients.ask("returned");
      assert.equal((await clients.ask("pace", 300, 0.1)).wrong, 0);

      await clients.ask("persist");
      await node.kill();
      await using _again = await start(node.port);
      await clients.ask("returned");
      assert.equal((await clients.ask("pace", 300, 0.1)).wrong, 0);
      await clients.ask("persist");
    });

    test(`${title}: all others hear who leaves`, { skip: skip || isAside }, async () => {
      await using node = await start();
      const plan = { dialect, ports: [node.port], rooms: ROOMS, members: MEMBERS, isHall: true };
      await using clients = await Clients.start(plan);
      await clients.ask("join", 5);
      assert.equal((await clients.ask("leaves", 4)).length, 4 * (MEMBERS - 1));
    });
  }
});

describe("the tally of the channels bench", () => {
  const member = (index: number) => ({ index, room: Math.floor(index / 2), place: index % 2 }) as Member;
  const message = (sender: number, number: number) => Buffer.from(`{"at":5,"text":"${sender} ${number} words"}`);

  test("a message is read where it lies", () => {
    readSent(Buffer.from('42["chat",{"text":"12 345 words","at":6789}]'), 0);
    assert.deepEqual(read, { sender: 12, number: 345, at: 6789 });
  });

  const wrongs: readonly [string, readonly (readonly [hearer: number, sender: number, number: number])[], boolean][] = [
    [
      "everything came",
      [
        [1, 0, 1],
        [1, 0, 2],
      ],
      false,
    ],
    ["one is missing", [[1, 0, 1]], true],
    [
      "two came in the other order",
      [
        [1, 0, 2],
        [1, 0, 1],
      ],
      true,
    ],
    [
      "one came twice",
      [
        [1, 0, 1],
        [1, 0, 2],
        [1, 0, 2],
      ],
      true,
    ],
    [
      "one came to another room",
      [
        [1, 0, 1],
        [1, 0, 2],
        [2, 0, 1],
      ],
      true,
    ],
    [
      "one came back",
      [
        [1, 0, 1],
        [1, 0, 2],
        [0, 0, 1],
      ],
      true,
    ],
  ];
  for (const [what, heard, isWrong] of wrongs) {
    test(what, () => {
      const tally = new Tally(2, 2);
      for (let count = 0; count < 2; count++) tally.sends(member(0));
      for (const [hearer, sender, number] of heard) tally.hears(member(hearer), message(sender, number), 0, 10);
      assert.equal(tally.wrong() > 0, isWrong);
      assert.equal(tally.wrong(), 0, "it counts anew");
    });
  }
});
