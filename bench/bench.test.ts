/** The benchmark's own parts: ours does the work that is measured, and what is made of the figures is right. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startTestApp } from "lineshaft/testkit";
import { renderChart } from "./chart.ts";
import { seed, seedForCache } from "./dataset.ts";
import { readResult } from "./generator.ts";
import { readOptions, UsageError } from "./options.ts";
import { originOf, selfTimes } from "./profile.ts";
import { renderMarkdown } from "./report.ts";
import { type BenchResult, goals, type Measurement, summarize } from "./result.ts";
import { wrkScript } from "./scenarios.ts";
import { cached } from "./servers/cached/lineshaft.ts";
import { bench } from "./servers/lineshaft.ts";
import { median, pairedRatio } from "./statistics.ts";
import { SUITES } from "./suites.ts";
import { verify } from "./verify.ts";

const PEERS = SUITES["peers"]!;
const CACHE = SUITES["cache"]!;

function measured(scenario: string, server: string, round: number, perSecond: number): Measurement {
  const times = { p50Ms: 1, p99Ms: 9, cpuMicroseconds: 50, postgresMicroseconds: 30, redisMicroseconds: 0 };
  return { scenario, server, round, perSecond, ...times, refused: 0, broken: 0, cache: null };
}

const RESULT: BenchResult = {
  at: "2026-11-20T12:00:00.000Z",
  machine: {
    processor: "A processor <fast>",
    cores: 2,
    memoryBytes: 8 * 1024 ** 3,
    system: "linux",
    node: "26.10.0",
    postgres: "18.4",
    versions: { Fastify: "5", Lineshaft: "0" },
    loadBefore: 0.5,
  },
  settings: { rounds: 2, prepared: true },
  measurements: [
    measured("row", "fastify", 1, 1_000),
    measured("row", "lineshaft", 1, 1_200),
    measured("row", "fastify", 2, 100),
    measured("row", "lineshaft", 2, 110),
  ],
  starts: [
    { server: "lineshaft", kind: "warm", ms: 900, memoryBytes: 120 * 1_048_576 },
    { server: "lineshaft", kind: "cold", ms: 9_000, memoryBytes: 120 * 1_048_576 },
  ],
  loadedBytes: { lineshaft: 200 * 1_048_576 },
};

describe("our servers of the benchmark", () => {
  for (const [app, suite] of [
    [bench, PEERS],
    [cached, CACHE],
  ] as const) {
    test(`${suite.name}: starts as in production on its committed migration, and gives the known answers`, async () => {
      const settings = { mode: "production" as const, secret: "the benchmark keeps no secret from anybody" };
      await using running = await startTestApp(app.options, { settings });
      const { database } = running;
      const url =
        typeof database === "string"
          ? database
          : `postgres://${database.user}@${encodeURIComponent(database.host)}:${database.port}/${database.database}`;
      await seed(url);
      if (suite === CACHE) await seedForCache(url);
      await verify(running.url, suite.checksOf(suite.servers.find(({ name }) => name === "lineshaft")!));
    });
  }
});

describe("the peers", () => {
  test("have the driver and the logger of the product, in the same versions", () => {
    const read = (path: string) => JSON.parse(readFileSync(join(import.meta.dirname, path), "utf8")).dependencies;
    const [product, peers] = [read("../packages/lineshaft/package.json"), read("peers/package.json")];
    for (const name of ["pg", "pino"]) assert.equal(peers[name], product[name], name);
  });

  test("have a file for every kind of server, and no product file knows of them", () => {
    for (const { file } of [...PEERS.servers, ...CACHE.servers])
      assert.ok(readFileSync(join(import.meta.dirname, "servers", file), "utf8"));
    const { workspaces } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));
    assert.ok(!JSON.stringify(workspaces).includes("bench"));
  });
});

describe("statistics", () => {
  test("the median is the middle, or the mean of both middles", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  test("a ratio pairs values of one round, so a round that was slow for both does not count", () => {
    assert.deepEqual(pairedRatio([1_200, 110, 130], [1_000, 100, 100]), { median: 1.2, least: 1.1, most: 1.3 });
    assert.equal(pairedRatio([1], []), null);
  });

  test("a round without one of the two is left out", () => {
    const [ours] = summarize(
      { measurements: [...RESULT.measurements, measured("row", "lineshaft", 3, 5)] },
      PEERS,
    ).filter(({ server }) => server === "lineshaft");
    assert.equal(ours!.ratio!.least, 1.1);
  });
});

describe("what a run shows", () => {
  test("goals are judged by the ratio and by the starts", () => {
    const judged = goals(RESULT, PEERS).map(({ what, seen, reached }) => `${what}: ${seen}, ${reached}`);
    assert.deepEqual(judged, [
      "One row by key: 1.15 × Fastify, true",
      "Start on a cold data folder: 9.00 s, false",
      "Start on a warm data folder: 0.90 s, true",
      "Memory of the idle Node process: 120 MB, true",
    ]);
  });

  test("the page has a table for what was measured, and none for what was not", () => {
    const page = renderMarkdown(RESULT, PEERS);
    assert.match(page, /^\| Lineshaft \| 655 \| \*\*1\.15\*\* \| 1\.10 … 1\.20 \| 1\.00 \| 9\.00 \| 50 \| 30 \|$/m);
    assert.match(page, /^\| Lineshaft, its own Postgres \| 0\.90 \| 120 \| – \|$/m);
    assert.doesNotMatch(page, /## Static JSON/);
    assert.doesNotMatch(page, /NaN|undefined/);
  });

  test("the chart is well-formed, follows the colour scheme, and needs nothing from elsewhere", () => {
    const chart = renderChart(RESULT, PEERS);
    const opened = [...chart.matchAll(/<(\w+)[^>]*?(\/?)>/g)]
      .filter(([, , closed]) => closed === "")
      .map(([, name]) => name);
    const ended = [...chart.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
    assert.deepEqual(opened.toSorted(), ended.toSorted());
    assert.match(chart, /prefers-color-scheme: dark/);
    assert.doesNotMatch(chart, /NaN|undefined|href|<image|url\(/);
  });

  test("the processor time of all that a request needed is judged, and what a cache tells is shown", () => {
    const cache = { hitShare: 0.987, staleMs: 1.25 };
    const measurements = [
      { ...measured("row", "lineshaft", 1, 900), postgresMicroseconds: 0, cache },
      { ...measured("row", "redis", 1, 1_000), redisMicroseconds: 20 },
    ];
    const judged = goals({ ...RESULT, measurements, starts: [] }, CACHE).map(({ seen, reached }) => [seen, reached]);
    assert.deepEqual(judged, [
      ["0.90 × Fastify + Redis", false],
      ["0.50 × CPU", true],
    ]);
    const page = renderMarkdown({ ...RESULT, measurements }, CACHE);
    assert.match(page, /^\| Lineshaft \| 900 .* \| 50 \| 0 \| 0 \| 98\.7 % \| 1\.25 \|$/m);
    assert.match(page, /^\| Fastify \+ Redis \| 1,000 .* \| 20 \| – \| – \|$/m);
  });

  test("a failure is shown beside the name", () => {
    const broken = RESULT.measurements.map((each) => ({ ...each, broken: 2 }));
    assert.match(renderMarkdown({ ...RESULT, measurements: broken }, PEERS), /Lineshaft \(4 failures\)/);
  });
});

describe("the generator", () => {
  test("a script asks for another key each time, and the peers for their own path", () => {
    const row = PEERS.scenarios.find(({ name }) => name === "row")!;
    assert.match(wrkScript(row, true), /wrk\.format\("GET", "\/notes\/" \.\. string\.format\("01976a0f-/);
    const insert = PEERS.scenarios.find(({ name }) => name === "insert-serializable")!;
    assert.match(wrkScript(insert, true), /"POST", "\/entries",/);
    assert.match(wrkScript(insert, false), /"POST", "\/entries-serializable",/);
  });

  test("its figures are read from the line of the script, and nothing is taken from an output without one", () => {
    const line = 'RESULT {"requests":500,"microseconds":2000000,"refused":1,"broken":0,"p50":1500,"p99":9000}';
    const { perSecond, p50Ms, p99Ms, refused } = readResult(`Running 2s test\n${line}\n`);
    assert.deepEqual([perSecond, p50Ms, p99Ms, refused], [250, 1.5, 9, 1]);
    assert.throws(() => readResult("unable to connect"), /did not say what it measured:\nunable to connect/);
  });
});

describe("options", () => {
  test("a whole run is kept, every other one is not", () => {
    assert.match(readOptions([], PEERS).folder, /bench\/results$/);
    for (const args of [["--quick"], ["--servers", "lineshaft"], ["--rounds", "2"], ["--unprepared"]]) {
      assert.match(readOptions(args, PEERS).folder, /\.generated\/results$/, args.join(" "));
    }
  });

  test("what cannot be understood is refused with what can", () => {
    const refusals: readonly [readonly string[], RegExp][] = [
      [["--rounds", "many"], /--rounds is "many"; it takes a whole number up to 100/],
      [["--servers", "koa"], /--servers: "koa" is not there; there are fastify, lineshaft/],
      [["--fast"], /Unknown option '--fast'[\s\S]*npm run bench/],
    ];
    for (const [args, message] of refusals) {
      assert.throws(
        () => readOptions(args, PEERS),
        (error: Error) => error instanceof UsageError && message.test(error.message),
      );
    }
  });
});

describe("profiles", () => {
  test("self time is summed by function and by where the function comes from, without idle time", () => {
    const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 4 });
    const nodes = [
      { id: 1, callFrame: frame("(idle)", "") },
      { id: 2, callFrame: frame("send", "file:///x/packages/lineshaft/src/serve/answer.ts") },
      { id: 3, callFrame: frame("query", "file:///x/node_modules/pg/lib/client.js") },
    ];
    const { functions, origins } = selfTimes({ nodes, samples: [1, 2, 3, 3], timeDeltas: [9, 1, 2, 3] });
    assert.deepEqual(functions, [
      ["query client.js:5 [pg]", 5],
      ["send answer.ts:5 [lineshaft/serve]", 1],
    ]);
    assert.deepEqual(origins[0], ["pg", 5]);
    assert.equal(originOf("a", "node:internal/streams/readable"), "node:streams");
  });
});
