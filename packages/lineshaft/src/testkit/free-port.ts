/** Ports for processes that a test starts, and that keep them over a restart. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that systems give out by themselves (from 32768 on Linux): no connection takes one meanwhile. */
const FIRST = 20_000;
const END = 32_000;

const given = new Set<number>();

/**
 * A port of 127.0.0.1 that nobody listens on, and that this process gets once. An app that a test starts itself takes
 * one with `PORT=0` instead, and tells it.
 *
 * Not promised: that no other process takes it before it is used. It is drawn at random from 12,000.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (given.has(port)) continue;
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    given.add(port);
    server.close();
    await once(server, "close");
    return port;
  }
}
