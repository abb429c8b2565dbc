/** The decoder against frames that are cut or wrong: always a `ProtocolError`, never another error, never a guess. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TEST_SERVERS } from "../testkit/index.ts";
import type { Commit } from "./changes.ts";
import { Decoder, ProtocolError } from "./pgoutput.ts";
import { Stage } from "./test/stage.ts";

function decodeAll(frames: readonly Buffer[]): readonly Commit[] {
  const decoder = new Decoder();
  return frames.flatMap((frame) => decoder.push(frame) ?? []);
}

describe("the decoder", () => {
  let stage: Stage;
  /** One transaction of real messages: begin, relation, insert, update, delete, relation, truncate, message, commit. */
  let frames: readonly Buffer[];
  before(async () => {
    stage = await Stage.open(TEST_SERVERS[0]);
    await stage.ask("select pg_create_logical_replication_slot('frames', 'pgoutput')");
    const relation = '[{"oid": 1, "schema": "s", "name": "t", "columns": []}]';
    await stage.ask(`begin; insert into shop.item values (1, 'ä', null); update shop.item set note = 'n';
      delete from shop.item; truncate shop.item;
      select pg_logical_emit_message(true, 'lineshaft.reloaded', '${relation}'); commit`);
    const rows = await stage.ask(`select data from pg_logical_slot_peek_binary_changes('frames', null, null,
      'proto_version', '1', 'publication_names', 'lineshaft_shop_pub', 'messages', 'true')`);
    frames = rows.map(({ data }) => data as Buffer);
  });
  after(() => stage[Symbol.asyncDispose]());

  test("reads what a server sends", () => {
    assert.equal(frames.map((frame) => String.fromCharCode(frame[0]!)).join(""), "BRIUDRTMC");
    const [commit] = decodeAll(frames);
    assert.deepEqual(
      commit!.changes.map(({ kind }) => kind),
      ["insert", "update", "delete", "truncate", "reloaded"],
    );
  });

  test("refuses every message cut at every byte, and says so", () => {
    for (const [index, frame] of frames.entries()) {
      const letter = String.fromCharCode(frame[0]!);
      for (let size = 0; size < frame.length; size++) {
        const decoder = new Decoder();
        for (const before of frames.slice(0, index)) decoder.push(before);
        try {
          decoder.push(frame.subarray(0, size));
          // The end of a begin, a commit and a relation holds nothing that we need: never a change.
          assert.match(letter, /[BCRM]/, `${letter} cut at ${size} of ${frame.length} was taken`);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, `${letter} at ${size}: ${error}`);
          assert.match(error.message, /is cut: it lacks/);
        }
      }
    }
  });

  test("refuses bytes that are changed, or takes them for what they say: no other error", () => {
    let seed = 42;
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below;
    for (let round = 0; round < 20_000; round++) {
      const broken = frames.map((frame) => Buffer.from(frame));
      const frame = broken[random(broken.length)]!;
      for (let count = 1 + random(3); count > 0; count--) frame[random(frame.length)] = random(256);
      try {
        decodeAll(broken);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, `seed ${seed}: ${(error as Error).stack}`);
      }
    }
  });

  test("refuses what is out of order or unknown, saying what it saw", () => {
    const [begin, relation, insert, , , , truncate, message, commit] = frames as [Buffer, ...Buffer[]];
    const wrong: readonly (readonly [Buffer[], RegExp])[] = [
      [[Buffer.from("?abc")], /Unknown message "\?" of 4 bytes/],
      [[Buffer.from("S0000")], /Unknown message "S"/],
      [[Buffer.alloc(0)], /of 0 bytes is cut/],
      [[insert!], /A change comes outside of a transaction/],
      [[commit!], /A commit comes outside of a transaction/],
      [[truncate!], /A truncate comes outside/],
      [[message!], /A transactional message comes outside/],
      [[begin, begin], /begins inside transaction \d+/],
      [[begin, insert!], /table \d+ comes before the table's description/],
      [
        [begin, relation!, Buffer.concat([insert!.subarray(0, 6), Buffer.from([0, 9])])],
        /has 9 values; the table has 3/,
      ],
      [[begin, relation!, Buffer.concat([insert!.subarray(0, 8), Buffer.from("b0000")])], /the form "b"/],
    ];
    for (const [sequence, says] of wrong) {
      assert.throws(
        () => decodeAll(sequence),
        (error) => error instanceof ProtocolError && says.test(error.message),
        String(says),
      );
    }
  });
});
