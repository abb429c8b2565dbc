/** A process that ends has written its lines, however it ends; a reader that is gone does not end it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

const PROGRAM = `
  import { createLog } from ${JSON.stringify(new URL("./log.ts", import.meta.url).href)};
  const log = createLog({ level: "info", readable: false });
`;

function started(code: string) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM + code]);
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  }
  return { child, text };
}

const ENDS: [how: string, code: string, exitCode: number][] = [
  ["by itself", "", 0],
  ["by process.exit", "process.exit(3);", 3],
  ["by an error that nobody catches", "throw new Error('x');", 1],
];

for (const [how, code, exitCode] of ENDS) {
  test(`every line is written when the process ends ${how}`, async () => {
    const { child, text } = started(`for (let number = 0; number < 2_000; number++) log.info({ number }, "x");${code}`);
    const [seen] = await once(child, "close");
    assert.equal(seen, exitCode);
    const numbers = text.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).number);
    assert.deepEqual(
      numbers,
      Array.from({ length: 2_000 }, (_, number) => number),
    );
  });
}

test("a reader that is gone does not end the process", async () => {
  const { child, text } = started(`
    setInterval(() => log.info("x"), 5);
    process.stdin.on("data", () => process.stderr.write("alive")).on("end", () => process.exit(0));
  `);
  await once(child.stdout, "data");
  child.stdout.destroy();
  await once(child.stdout, "close");
  child.stdin.write("?");
  await once(child.stderr, "data");
  child.stdin.end();
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  assert.equal(text.stderr, "alive");
});
