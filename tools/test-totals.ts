/**
 * Totals: a reporter for node's test runner that writes what the whole run counted, as one line of JSON.
 * No line means that the runner never came to its end.
 */
import type { TestEvent } from "node:test/reporters";

/** The counts of a run; a cancelled test counts as failed. */
export type Totals = { readonly passed: number; readonly failed: number; readonly skipped: number };

async function* totals(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    // The summary without a file is that of the run.
    if (event.type !== "test:summary" || event.data.file !== undefined) continue;
    // The types leave out the failures, which the runner counts.
    const { passed, failed = 0, cancelled, skipped, todo } = event.data.counts as Counts;
    const line: Totals = { passed, failed: failed + cancelled, skipped: skipped + todo };
    yield `${JSON.stringify(line)}\n`;
  }
}

type Counts = Extract<TestEvent, { type: "test:summary" }>["data"]["counts"] & { readonly failed?: number };

// biome-ignore lint/style/noDefaultExport: the runner takes a reporter from the default export
export default totals;
