/**
 * Leaks: loaded into the process of every test file, it fails a file that does not end after its tests have.
 *
 * Node's runner limits tests, not files: a forgotten server or timer would hang the run without a word. The file is
 * named with what kept it alive, and fails; hiding the leak, as `--test-force-exit` does, would hide a real bug.
 */
import { writeSync } from "node:fs";
import { after } from "node:test";

/** How long a file may go on after its last test: time for orderly shutdowns that nobody waits for. */
const LINGER_MS = 10_000;

/** The runner sets this in the processes of the files, not in its own. */
if (process.env.NODE_TEST_CONTEXT !== undefined) {
  after(() => {
    const timer = setTimeout(() => {
      const held = process.getActiveResourcesInfo().filter((name) => !/^(?:Pipe|TTY)Wrap$/.test(name));
      writeSync(2, `\nthis file did not end ${LINGER_MS} ms after its tests; open: ${held.join(", ") || "a pipe"}\n`);
      process.exit(1);
    }, LINGER_MS);
    timer.unref();
  });
}
