/** The vendored asset is the file that its notice names: nobody can change the one without the other. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { brotliDecompressSync } from "node:zlib";

const ASSETS = join(import.meta.dirname, "../packages/lineshaft/assets");

test("the API reference asset has the sha256 that its notice states", () => {
  const notice = readFileSync(join(ASSETS, "NOTICE.md"), "utf8");
  const stated = /sha256, uncompressed \| `([0-9a-f]{64})`/.exec(notice)?.[1];
  const source = brotliDecompressSync(readFileSync(join(ASSETS, "api-reference.js.br")));
  assert.equal(createHash("sha256").update(source).digest("hex"), stated);
});

test("the notice names the licence and its holder", () => {
  const notice = readFileSync(join(ASSETS, "NOTICE.md"), "utf8");
  assert.match(notice, /MIT License/);
  assert.match(notice, /Copyright \(c\) 2023-present Scalar/);
});
