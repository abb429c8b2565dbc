/**
 * The random test for as long as you like:
 *
 *     node packages/lineshaft/src/readset/test/long-run.ts [seed] [minutes]
 *
 * Prints its counts, and every case that was missed; the exit code is 1 if there was one.
 */

import { runModel } from "./model.ts";
import { ReadSetStand } from "./stand.ts";

const [seed = Date.now() % 1_000_000_000, minutes = 1] = process.argv.slice(2).map(Number);
const endMs = performance.now() + minutes * 60_000;
await using stand = await ReadSetStand.openWithCases();
const { missed, reasons, ...counts } = await runModel(stand, {
  seed,
  isDone: (each) => performance.now() > endMs || each.missed.length > 10,
});
const common = [...reasons].sort(([, one], [, other]) => other - one).slice(0, 8);
process.stdout.write(`${JSON.stringify({ seed, minutes, ...counts, missed: missed.length, reasons: common })}\n`);
for (const each of missed) process.stdout.write(`missed: ${each}\n`);
process.exitCode = missed.length > 0 ? 1 : 0;
