/** The benches of our own parts: they run, and what is made of their figures is right. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { figuresOf, judge, type Part, type Result, summarize } from "./figures.ts";
import { renderFigures, renderPage } from "./figures-page.ts";
import { WRK } from "./generator.ts";
import { UsageError } from "./options.ts";
import { readRoundOptions } from "./rounds.ts";
import { percentile } from "./statistics.ts";

const RUN_MS_MAX = 240_000;
/** Where the programs of Debian can be installed, they are. */
const withoutLoad = !existsSync(WRK.path) && process.getuid?.() !== 0 && "wrk is missing: apt-get install wrk";

const delay = { name: "delay", title: "delay", unit: "ms", digits: 1, isCharted: true } as const;
const rows = [
  { name: "few", title: "10 <few>" },
  { name: "many", title: "1,000" },
];
const part = (measures: Part["measures"]): Part => ({ title: "Waiting", about: "Somebody waits.", measures, rows });
const rounds = [
  { ...figuresOf("few", { delay: 1 }), ...figuresOf("many", { delay: 9 }) },
  { ...figuresOf("few", { delay: 1 }), ...figuresOf("many", { delay: 5 }) },
  { ...figuresOf("few", { delay: 1 }), ...figuresOf("many", { delay: 7 }) },
];
const judged = (goal: Part["measures"][number]["goal"]) =>
  judge({ parts: [part([{ ...delay, ...(goal && { goal }) }])], rounds }).map(
    ({ wanted, seen, isReached }) => `${wanted}: ${seen}, ${isReached}`,
  );

const RESULT: Result = {
  ...{ name: "waits", title: "Waits", at: "2026-11-20T12:00:00.000Z", settings: { commits: 1_000 }, rounds },
  machine: {
    ...{ processor: "A processor", cores: 2, memoryBytes: 8 * 1024 ** 3, system: "linux", loadBefore: 0.5 },
    ...{ node: "26.10.0", postgres: "18.4", lineshaft: "0.1.0" },
  },
  parts: [part([{ ...delay, goal: { is: "<", value: 8 } }])],
};

describe("figures of rounds", () => {
  test("are summed up as the median with the least and the most", () => {
    assert.deepEqual(summarize(rounds, rows[1]!, delay), { median: 7, least: 5, most: 9 });
  });

  test("that are missing or no number end the run", () => {
    const measure = { ...delay, name: "nothing" };
    assert.throws(() => summarize(rounds, rows[0]!, measure), /round 1 gave undefined for few\.nothing/);
    assert.throws(() => summarize([{ "few.delay": Number.NaN }], rows[0]!, delay), /gave NaN for few\.delay/);
  });

  test("a goal judges the worst row, or those that it names", () => {
    assert.deepEqual(judged({ is: "<", value: 8 }), ["< 8 ms: 7.0 ms (1,000), true"]);
    assert.deepEqual(judged({ is: "<", value: 7 }), ["< 7 ms: 7.0 ms (1,000), false"]);
    assert.deepEqual(judged({ is: "≤", value: 7 }), ["≤ 7 ms: 7.0 ms (1,000), true"]);
    assert.deepEqual(judged({ is: "≥", value: 2 }), ["≥ 2 ms: 1.0 ms (10 <few>), false"]);
    assert.deepEqual(judged({ is: "<", value: 2, rows: ["few"] }), ["< 2 ms: 1.0 ms (10 <few>), true"]);
    assert.deepEqual(judged(undefined), []);
  });

  test("a percentile is a value that was seen", () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    assert.deepEqual(
      [0, 0.5, 0.99, 1].map((share) => percentile(values, share)),
      [1, 101, 199, 200],
    );
    assert.ok(Number.isNaN(percentile([], 0.5)));
  });
});

describe("what a bench of our own parts writes", () => {
  test("a page has the machine, the goals and a table, with the spread where there is one", () => {
    const page = renderPage(RESULT);
    assert.match(page, /A processor, 2 cores, 8192 MB, linux;\n {2}load before the run: 0\.5/);
    assert.match(page, /^- rounds 3, commits 1,000$/m);
    assert.match(page, /^\| Waiting: delay \| < 8 ms \| 7\.0 ms \(1,000\) \| yes \|$/m);
    assert.match(page, /^\| 10 <few> \| 1\.0 \|$/m);
    assert.match(page, /^\| 1,000 \| \*\*7\.0\*\* \(5\.0 … 9\.0\) \|$/m);
  });

  test("a chart has a bar for each row and a line at the goal, and is well-formed", () => {
    const chart = renderFigures(RESULT);
    const bars = [...chart.matchAll(/<rect x="\d+" y="\d+" width="(\d+)"/g)].map(([, width]) => Number(width));
    const [, x] = /<line x1="(\d+)"/.exec(chart)!;
    const left = Number(/<rect x="(\d+)"/.exec(chart)![1]);
    assert.deepEqual(bars, [(Number(x) - left) / 8, ((Number(x) - left) / 8) * 7].map(Math.round));
    assert.match(chart, /10 &lt;few&gt;/);
    assert.doesNotMatch(chart, /NaN|undefined/);
  });
});

test("measures of a single row share a group if they share a unit, and tell their goals", () => {
  const measures = [
    { ...delay, goal: { is: "<", value: 3 } } as const,
    { ...delay, name: "last", title: "last", goal: { is: "<", value: 25 } } as const,
    { ...delay, name: "share", title: "share", unit: "%" },
  ];
  const figures = figuresOf("few", { delay: 1, last: 4, share: 2 });
  const chart = renderFigures({ ...RESULT, parts: [{ ...part(measures), rows: rows.slice(0, 1) }], rounds: [figures] });
  assert.equal(chart.match(/class="text title"/g)!.length, 2);
  assert.match(chart, />1\.0 ms, goal &lt; 3</);
  assert.match(chart, />4\.0 ms, goal &lt; 25</);
  assert.doesNotMatch(chart, /<line/);
});

describe("options of a bench of our own parts", () => {
  test("a whole run is kept, every other one is not", () => {
    assert.match(readRoundOptions("live", []).folder, /bench\/results$/);
    for (const args of [["--quick"], ["--rounds", "2"], ["--quick", "--rounds", "9"]])
      assert.match(readRoundOptions("live", args).folder, /\.generated\/results$/, args.join(" "));
    assert.deepEqual(readRoundOptions("live", ["--quick", "--out", "here"]), {
      ...{ isQuick: true, rounds: 1, folder: "here" },
    });
  });

  test("what cannot be understood is refused with what can", () => {
    const refused = (args: readonly string[], message: RegExp) =>
      assert.throws(
        () => readRoundOptions("live", args),
        (error: Error) => error instanceof UsageError && message.test(error.message),
      );
    refused(["--rounds", "0"], /--rounds is "0"; it takes a whole number from 1 to 100/);
    refused(["--fast"], /Unknown option '--fast'[\s\S]*npm run bench -- live/);
  });
});

describe("a quick run", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "lineshaft-bench-test-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, skip] of [
    ["events", withoutLoad],
    ["live", false],
    ["readset", false],
    ["relay", false],
  ] as const) {
    test(`of "${name}" measures everything and writes its page, chart and figures`, { skip }, async () => {
      const args = [join(import.meta.dirname, "main.ts"), name, "--quick", "--out", folder];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: RUN_MS_MAX });
      const read = (end: string) => readFileSync(join(folder, `${name}.${end}`), "utf8");
      const result: Result = JSON.parse(read("json"));
      const count = result.parts.reduce((sum, each) => sum + each.rows.length * each.measures.length, 0);
      assert.equal(Object.keys(result.rounds[0]!).length, count);
      assert.equal(stdout.trim(), read("md").trim());
      assert.match(read("svg"), /^<svg /);
      assert.ok(judge(result).length > 0);
    });
  }

  test("of a bench that is not there is refused with those that are", async () => {
    const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, "main.ts"), "nothing"]);
    await assert.rejects(run, /"nothing" is not there; there are .*live.*relay/);
  });
});
