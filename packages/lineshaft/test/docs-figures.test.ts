/** Numbers of the docs that code decides: events, handlers, schedules, and what running them takes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SWEEP_AGE_MS } from "../src/app/files.ts";
import { CONTROL_SESSIONS, LANE_SESSIONS, RUN_SESSIONS, RUNS_MS } from "../src/app/machines.ts";
import { KEEP_DAYS_DEFAULT, KEEP_MS } from "../src/app/retention.ts";
import { PAYLOAD_BYTES_MAX } from "../src/call/stated.ts";
import { EVENTS_MAX } from "../src/data/outbox.ts";
import * as declared from "../src/define/event.ts";
import { EVERY_MS_MAX, EVERY_MS_MIN } from "../src/define/when.ts";
import { CONFLICTS_MAX, RETRY_MS_MAX, retryMs } from "../src/handle/failures.ts";
import { BEAT_MS, SILENT_MS } from "../src/handle/fleet.ts";
import { PARKED_MAX, SEGMENT_MAX, SLOW_MS } from "../src/handle/lane.ts";
import { POLL_MS_MAX, POLL_MS_MIN } from "../src/handle/orderer.ts";
import { RESULT_BYTES_MAX, STEPS_MAX } from "../src/handle/steps.ts";
import { TARGET_MAX } from "../src/handle/work.ts";
import { LANES } from "../src/migrate/index.ts";
import { LATE_MS } from "../src/schedule/next.ts";
import { FILE_BYTES_PER_SECOND_MIN, REQUEST_MS } from "../src/serve/server.ts";

const DOCS = join(import.meta.dirname, "../../../docs");
const WORDS: Readonly<Record<number, string>> = { 10: "ten" };
const MINUTE_MS = 60_000;
const attempts = declared.ATTEMPTS_DEFAULT;
/** From the first attempt to the last one, without chance. */
const retriesMs = Array.from({ length: attempts - 1 }, (_, at) => retryMs(at + 1, () => 0.5)).reduce((a, b) => a + b);
const thousands = (count: number): string => count.toLocaleString("en");
const word = (count: number): string => WORDS[count] ?? String(count);
const sessions = LANE_SESSIONS + RUN_SESSIONS + CONTROL_SESSIONS;

const SAID: Readonly<Record<string, readonly string[]>> = {
  "guides/files.md": [
    `has ${REQUEST_MS / 1_000} seconds, and one more for each ${FILE_BYTES_PER_SECOND_MIN / 1_024} KiB`,
    `The leader looks for them each ${KEEP_MS === 60 * MINUTE_MS ? "hour" : KEEP_MS}`,
    `older than a ${SWEEP_AGE_MS === 24 * 60 * MINUTE_MS ? "day" : SWEEP_AGE_MS}`,
  ],
  "guides/events-and-handlers.md": [
    `up to ${word(RETRY_MS_MAX / MINUTE_MS)} minutes, each a quarter`,
    `After ${attempts} attempts (\`attempts\`), about ${Math.round(retriesMs / MINUTE_MS)} minutes`,
    `\`timeoutSeconds\` (${declared.TIMEOUT_SECONDS_DEFAULT})`,
    `tried again at once, ${word(CONFLICTS_MAX)} times`,
    `up to ${SEGMENT_MAX} of one lane share a transaction`,
    `takes longer than ${SLOW_MS / 1_000} second is given up`,
    `up to ${TARGET_MAX} at a time on each node`,
    `Events are kept for ${KEEP_DAYS_DEFAULT} days`,
    `nobody has run for ${KEEP_DAYS_DEFAULT} days`,
    `it may have ${RESULT_BYTES_MAX / 1_024} KiB`,
    `| payload of an event | ${PAYLOAD_BYTES_MAX / 1_024} KiB`,
    `| events of one command | ${thousands(EVENTS_MAX)} |`,
    `| ${LANES} lanes of each handler;`,
    `| ${LANE_SESSIONS} transactions of lanes, ${RUN_SESSIONS} beside them |`,
    `or for their key | ${thousands(PARKED_MAX)} |`,
    `| result of a step | ${RESULT_BYTES_MAX / 1_024} KiB`,
    `| steps of one run | ${STEPS_MAX} |`,
    `| events of a batch | ${thousands(declared.BATCH_MAX)} |`,
    `| attempts | ${declared.ATTEMPTS_MAX} |`,
    `| one attempt | ${declared.TIMEOUT_SECONDS_MAX} seconds |`,
  ],
  "guides/schedules.md": [
    `At least ${EVERY_MS_MIN === 1_000 ? "a second" : EVERY_MS_MIN}, at most ${EVERY_MS_MAX / 86_400_000} days`,
    `more than ${LATE_MS === MINUTE_MS ? "a minute" : LATE_MS} late`,
  ],
  "guides/deploy-on-your-own-postgres.md": [`; ${sessions} more where there are [events`],
  "operations.md": [
    `spread over all nodes by ${LANES} lanes each`,
    `Nodes say every ${BEAT_MS === 1_000 ? "second" : BEAT_MS}`,
    `after ${SILENT_MS === 4_000 && BEAT_MS === 1_000 ? "four to six" : SILENT_MS} seconds`,
    `every ${POLL_MS_MIN} to ${POLL_MS_MAX} ms`,
    `up to ${sessions} more: ${LANE_SESSIONS} for lanes, ${RUN_SESSIONS} for what runs beside them`,
    `beside them, ${CONTROL_SESSIONS} for itself`,
    `${KEEP_DAYS_DEFAULT} days after their end at the earliest`,
    `in the last ${KEEP_DAYS_DEFAULT} days`,
    `help up to ${LANES} for one handler`,
    `takes more than ${RUNS_MS / 1_000} seconds is given up`,
  ],
};

for (const [page, said] of Object.entries(SAID)) {
  test(`docs/${page} tells the numbers of the code`, () => {
    const text = readFileSync(join(DOCS, page), "utf8").replace(/\s+/g, " ");
    assert.deepEqual(
      said.filter((each) => !text.includes(each)),
      [],
    );
  });
}
