/** Ports of tests: each once, and free. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePort } from "./index.ts";

test("ports are given once, can be listened on, and are none that connections take", async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort));
  assert.equal(new Set(ports).size, ports.length);
  const server = createServer().listen(ports[0], "127.0.0.1");
  await once(server, "listening");
  assert.ok(ports.every((port) => port < 32_768));
  server.close();
});
