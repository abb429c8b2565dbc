/**
 * Load order: services that refer to each other in both directions load, whichever file comes first.
 *
 * The rule that makes it so: a `model.ts` imports only other models and refers to their entities by thunk. Each entry
 * point needs a process of its own, since a process loads a module once.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const CYCLE = join(import.meta.dirname, "cycle");
const SERVICES = ["library", "members", "loans"] as const;
const FILES = SERVICES.flatMap((each) => [`${each}/model.ts`, `${each}/endpoints.ts`]);

/** Loads `first`, then all files, and prints what the references of all entities name. */
function program(first: string): string {
  const urls = [first, ...FILES].map((each) => pathToFileURL(join(CYCLE, each)).href);
  return `
    const found = [];
    for (const url of ${JSON.stringify(urls)}) {
      const module = await import(url);
      for (const each of Object.values(module)) {
        for (const [name, field] of Object.entries(each.fields ?? {})) {
          const { type } = field.spec;
          if (type.kind === "ref") found.push(each.table + "." + name + " " + type.target().table);
        }
      }
    }
    console.log(JSON.stringify([...new Set(found)].sort()));
  `;
}

async function load(first: string): Promise<string[]> {
  const args = ["--input-type=module", "--eval", program(first)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname });
  return JSON.parse(stdout);
}

describe("three services that refer to each other", { concurrency: 2 }, () => {
  for (const first of FILES) {
    test(`load from ${first}`, async () => {
      assert.deepEqual(await load(first), [
        "book.addedBy member",
        "book.lastLoan loan",
        "book.sequelOf book",
        "loan.book book",
        "loan.member member",
        "member.favourite book",
        "member.latest loan",
      ]);
    });
  }
});
