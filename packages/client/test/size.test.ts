/** What a page pays for the client: minified and compressed, as it is sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundle, gzipBytes } from "./bundle.ts";

/** Bytes of `@lineshaft/client`, minified and gzipped. */
const CLIENT_BYTES_MAX = 7_232;
/** Bytes that `@lineshaft/client/react` adds; React itself is the page's. */
const REACT_BYTES_MAX = 1_408;

const entry = (name: string) => fileURLToPath(import.meta.resolve(name));

test("the client is small", async (context) => {
  const bytes = gzipBytes(await bundle(entry("@lineshaft/client")));
  context.diagnostic(`@lineshaft/client: ${bytes} bytes minified and gzipped`);
  assert.ok(bytes <= CLIENT_BYTES_MAX, `${bytes} bytes; the limit is ${CLIENT_BYTES_MAX}`);
});

test("the hook is smaller", async (context) => {
  const bytes = gzipBytes(await bundle(entry("@lineshaft/client/react"), ["react"]));
  context.diagnostic(`@lineshaft/client/react: ${bytes} bytes minified and gzipped`);
  assert.ok(bytes <= REACT_BYTES_MAX, `${bytes} bytes; the limit is ${REACT_BYTES_MAX}`);
});
