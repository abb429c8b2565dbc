/**
 * Cases of conformance: what a client sends, and what it then sees. They stand for the cases of the Autobahn test suite
 * by their numbers. Where that suite sees its message echoed, here `unsubscribe` is answered by `ended` with its id:
 * JSON takes white space around it, so such a message has any size, and a byte that is not as it was sent breaks it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame, frame, OPCODE, RawClient } from "./frames.ts";

export interface Case {
  readonly name: string;
  readonly send: readonly Uint8Array[];
  /** How it goes out: all at once, frame by frame, or so many bytes at a time. Default: all at once. */
  readonly by?: "packet" | "frame" | number;
  /** The ids of the messages that arrived, in their order. */
  readonly told?: readonly number[];
  /** What is said of a message that is not what messages are. */
  readonly problem?: string;
  readonly pongs?: readonly string[];
  /** The code that the server closes with; without it the connection must be as good as before. */
  readonly close?: number;
  readonly reason?: string;
}

/** A message that is answered with its id, of so many bytes. */
export function told(id: number, bytes = 0): string {
  return `{"type":"unsubscribe","id":${id}}`.padEnd(bytes);
}

export function text(id: number, bytes = 0): Buffer {
  return frame(OPCODE.text, told(id, bytes));
}

/** Defines a test for each case. */
export function conform(urlOf: () => string, cases: readonly Case[]): void {
  for (const each of cases) test(each.name, () => follow(urlOf(), each));
}

export async function follow(url: string, { send, by = "packet", ...expected }: Case): Promise<void> {
  using client = await RawClient.open(url);
  if (by === "packet") client.send(...send);
  else if (by === "frame") for (const each of send) await client.chop(each, each.length);
  else await client.chop(Buffer.concat(send), by);
  if (expected.close === undefined) await endWell(client);
  await client.until(() => client.closeCode !== null, "close frame");
  if (expected.close !== undefined) client.send(closeFrame(expected.close));
  await client.untilOver();
  const problems = client.messages.filter(({ type }) => type === "problem").map(({ problem }) => problem.code);
  const ended = client.messages.filter(({ type }) => type === "ended").map(({ id }) => id);
  const seen = { told: ended, pongs: client.of(OPCODE.pong), problems, close: client.closeCode };
  const { told: ids = [], pongs = [], problem, close = 1000, reason } = expected;
  assert.deepEqual(seen, { told: ids, pongs, problems: problem === undefined ? [] : [problem], close });
  if (reason !== undefined) assert.equal(client.closeReason, reason);
  assert.equal(client.frames.at(-1)!.opcode, OPCODE.close, "nothing comes after the close frame");
  assert.equal(client.of(OPCODE.close).length, 1);
  assert.equal(client.rest.length, 0, "the last frame is whole");
}

/** The connection still answers, and ends as the client wants it to. */
async function endWell(client: RawClient): Promise<void> {
  client.send(frame(OPCODE.text, told(999_999)));
  await client.untilAnswered(999_999);
  client.frames.splice(
    client.frames.findIndex(({ payload }) => String(payload).includes("999999")),
    1,
  );
  client.send(closeFrame(1000));
}
