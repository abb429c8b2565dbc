/**
 * Read set bench: how often usual questions are invalidated for nothing, and what analysis, binding and a change cost.
 *
 *     npm run bench -- readset
 *
 * Model. In each round every question is asked with some inputs, rows of all tables change, and each change is compared
 * with the truth: is the answer another one, and was its read set touched? A change is needless for an input if it is
 * one of a table that the question reads, touches the read set, and leaves the answer as it was. Rounds differ in what
 * is changed. A change that is missed ends the run: that would be wrong, not slow.
 */
import {
  analyse,
  bind,
  type CacheableShape,
  type KeyAnswer,
  ReadSetIndex,
  type RowChange,
} from "../packages/lineshaft/src/readset/index.ts";
import { Random } from "../packages/lineshaft/src/readset/test/random.ts";
import { type Asked, ReadSetStand } from "../packages/lineshaft/src/readset/test/stand.ts";
import { collectGarbage } from "./child.ts";
import { type Figures, figuresOf, type Part } from "./figures.ts";
import { makeChange, QUESTIONS, type Question, SCHEMA, TOP_QUESTIONS } from "./readset-questions.ts";
import { type Bench, runRounds, type Stand } from "./rounds.ts";
import { median } from "./statistics.ts";

const KEPT = [1_000, 10_000, 100_000] as const;
/** What analyses and binds are done before those that are measured. */
const WARM_SHARE = 0.5;
/** Different changes, which are told again and again. */
const CHANGES_MADE = 1_000;

const whole = { changes: 200, inputs: 12, analyses: 300, binds: 100_000, touches: 100_000 };
type ReadSetSettings = typeof whole;
const quick: ReadSetSettings = { changes: 10, inputs: 4, analyses: 20, binds: 1_000, touches: 1_000 };

const nameOf = (kept: number): string => `kept${kept}`;
const rowsOf = (questions: readonly Question[]) => questions.map(({ name, title }) => ({ name, title }));

const NEEDLESS = [
  { name: "needless", title: "needless", unit: "%", digits: 2, isCharted: true },
  { name: "plain", title: "needless by parameters alone", unit: "%", digits: 2 },
  { name: "altered", title: "altered", unit: "", digits: 0 },
] as const;
const TIMES = [
  { name: "analyse", title: "analysis", unit: "µs", digits: 0, goal: { is: "≤", value: 200 }, isCharted: true },
  { name: "bind", title: "bind", unit: "µs", digits: 2, goal: { is: "≤", value: 2 }, isCharted: true },
] as const;

function parts({ changes, inputs }: ReadSetSettings): Part[] {
  return [
    {
      title: "Usual questions",
      about: `Each is asked with ${inputs} inputs, and ${changes} changes follow in each round; half of them bump a
        counter that most questions do not show. *needless* is the percentage of pairs of a change and an
        answer, where the change is one of a table that the question reads, touches what is kept, and leaves the
        answer as it was. *by parameters alone* is the same without the keys that were looked up and the rows
        that were seen. *altered* counts the answers that did change. Analysis is once for each shape of a
        statement, binding once for each call.`,
      rows: rowsOf(QUESTIONS),
      measures: [{ ...NEEDLESS[0], goal: { is: "≤", value: 2 } }, ...NEEDLESS.slice(1), ...TIMES],
    },
    {
      title: "Lists of the first few",
      about: `The same for a list whose members depend on rows that are not in it. There is no goal for what is
        needless.`,
      rows: rowsOf(TOP_QUESTIONS),
      measures: [...NEEDLESS.map((each) => ({ ...each, isCharted: each.unit === "%" })), ...TIMES],
    },
    {
      title: "A change beside many kept answers",
      about: `Answers of one shape, a row and the row it belongs to, each with another input, in one index. Changed
        are rows that one answer is about, and rows that none is about. Bytes are those of the heap for each
        answer, with its read set and its place in the index, without the answer.`,
      rows: KEPT.map((kept) => ({ name: nameOf(kept), title: `${kept.toLocaleString("en-US")} answers` })),
      measures: [
        { name: "one", title: "change of one answer", unit: "µs", digits: 2, isCharted: true },
        { name: "none", title: "change of none", unit: "µs", digits: 2, isCharted: true },
        { name: "add", title: "keep one more", unit: "µs", digits: 2 },
        { name: "bytes", title: "memory per answer", unit: "bytes", digits: 0 },
      ],
    },
  ];
}

type Inputs = readonly (readonly unknown[])[];

async function cacheableShape(stand: ReadSetStand, { title, sql }: Question): Promise<CacheableShape> {
  const shape = await stand.shapeOf(sql);
  if (shape.isCacheable) return shape;
  throw new Error(`"${title}" cannot be kept: ${shape.reason}`);
}

/** A call that was answered. */
interface Call extends Asked {
  readonly parameters: readonly unknown[];
  readonly keys: readonly KeyAnswer[];
}

async function callAll(stand: ReadSetStand, { sql }: Question, shape: CacheableShape, inputs: Inputs) {
  const calls: Call[] = [];
  for (const parameters of inputs) {
    const asked = await stand.ask(sql, parameters);
    calls.push({ ...asked, parameters, keys: await stand.keysOf(shape, parameters) });
  }
  return calls;
}

/** An index of calls by their number; with all that was learnt of them, or by their parameters alone. */
function fill(stand: ReadSetStand, shape: CacheableShape, calls: readonly Call[], isFull: boolean) {
  const index = new ReadSetIndex<number>((oid) => stand.catalog.lineage(oid));
  for (const [number, { parameters, keys, rows }] of calls.entries()) {
    const readSet = isFull ? bind(shape, parameters, keys, { rows }) : bind(shape, parameters);
    if (readSet.isCacheable) index.add(number, readSet);
  }
  return index;
}

interface Trial {
  readonly settings: ReadSetSettings;
  readonly seed: number;
}

/** Changes rows and looks what is touched for nothing. @throws {Error} when something is missed. */
async function measureNeedless(stand: ReadSetStand, question: Question, { settings, seed }: Trial) {
  const { title, input } = question;
  const shape = await cacheableShape(stand, question);
  const tables = new Set(shape.reads.map(({ table }) => table));
  const inputs = Array.from({ length: settings.inputs }, (_, number) => input(number));
  const random = new Random(seed);
  const counts = { cases: 0, needless: 0, plain: 0, altered: 0 };
  let calls = await callAll(stand, question, shape, inputs);
  for (let serial = 1; serial <= settings.changes; serial++) {
    const indexes = [fill(stand, shape, calls, true), fill(stand, shape, calls, false)];
    const change = makeChange(random, serial);
    const made = await stand.change(change);
    if (!made.some(({ table }) => tables.has(table.oid))) continue;
    const [touched, wide] = indexes.map((index) => new Set(made.flatMap((each) => [...index.touched(each)])));
    const now = await callAll(stand, question, shape, inputs);
    for (const [number, { answer }] of now.entries()) {
      const isAltered = answer !== calls[number]!.answer;
      if (isAltered && !touched!.has(number)) throw new Error(`"${title}" ${inputs[number]} was missed by: ${change}`);
      counts.cases++;
      if (isAltered) counts.altered++;
      if (!isAltered && touched!.has(number)) counts.needless++;
      if (!isAltered && wide!.has(number)) counts.plain++;
    }
    calls = now;
  }
  const percent = (count: number) => (counts.cases === 0 ? 0 : (100 * count) / counts.cases);
  return { needless: percent(counts.needless), plain: percent(counts.plain), altered: counts.altered };
}

/** Microseconds of one run, on average; what is run before is not counted. */
function microsOf(count: number, run: (number: number) => void): number {
  for (let number = 0; number < count * WARM_SHARE; number++) run(number);
  const startedMs = performance.now();
  for (let number = 0; number < count; number++) run(number);
  return ((performance.now() - startedMs) * 1_000) / count;
}

async function measureTimes(stand: ReadSetStand, question: Question, settings: ReadSetSettings) {
  const { sql, input } = question;
  const options = { searchPath: stand.path, parameterTypes: await stand.describe(sql) };
  // Collections of garbage belong to others, too: of analyses, which are few, the middle one.
  const analyses = Array.from({ length: settings.analyses * (1 + WARM_SHARE) }, () =>
    microsOf(1, () => void analyse(sql, stand.catalog, options)),
  );
  const shape = await cacheableShape(stand, question);
  const [{ parameters, keys, rows }] = (await callAll(stand, question, shape, [input(3)])) as [Call];
  return {
    analyse: median(analyses.slice(-settings.analyses)),
    bind: microsOf(settings.binds, () => void bind(shape, parameters, keys, { rows })),
  };
}

/** Many answers of one shape in one index. */
async function measureIndex(stand: ReadSetStand, kept: number, { touches }: ReadSetSettings) {
  const shape = await cacheableShape(stand, QUESTIONS.find(({ name }) => name === "author")!);
  const index = new ReadSetIndex<number>((oid) => stand.catalog.lineage(oid));
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  const readSets = Array.from({ length: kept }, (_, number) => bind(shape, [number], [[String(number % 997)]]));
  const startedMs = performance.now();
  for (const [number, readSet] of readSets.entries()) if (readSet.isCacheable) index.add(number, readSet);
  const add = ((performance.now() - startedMs) * 1_000) / kept;
  readSets.length = 0;
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - heapBefore) / kept;
  const touch = (first: number, wanted: number) => {
    const changes = changesOf(stand, first, kept);
    return microsOf(touches, (number) => {
      const found = index.touched(changes[number % changes.length]!).size;
      if (found !== wanted) throw new Error(`A change touched ${found} answers of ${kept}; expected ${wanted}.`);
    });
  };
  return { one: touch(0, 1), none: touch(kept, 0), add, bytes };
}

/** Posts that get another title, evenly among as many numbers from the first one on. */
function changesOf(stand: ReadSetStand, first: number, among: number): readonly RowChange[] {
  const { oid, columns } = stand.catalog.relation("public", "post", []) as RowChange["table"];
  return Array.from({ length: CHANGES_MADE }, (_, number) => {
    const id = first + Math.floor((number * among) / CHANGES_MADE);
    const row = (title: string) => [String(id), `slug-${id}`, "1", title, "t", "0"];
    return { table: { oid, columns }, kind: "update", old: row("old"), new: row("new") };
  });
}

async function round(stand: ReadSetStand, trial: Trial): Promise<Figures> {
  const { settings } = trial;
  let figures: Figures = {};
  for (const question of [...QUESTIONS, ...TOP_QUESTIONS]) {
    await stand.client.query(`drop table if exists author, post, tag, post_tag; ${SCHEMA}`);
    await stand.reload();
    const needless = await measureNeedless(stand, question, trial);
    const times = await measureTimes(stand, question, settings);
    figures = { ...figures, ...figuresOf(question.name, { ...needless, ...times }) };
  }
  for (const kept of KEPT) {
    figures = { ...figures, ...figuresOf(nameOf(kept), await measureIndex(stand, kept, settings)) };
  }
  return figures;
}

async function open(settings: ReadSetSettings): Promise<Stand> {
  const stand = await ReadSetStand.open();
  const { rows } = await stand.client.query("show server_version");
  return {
    postgres: rows[0].server_version,
    round: (seed) => round(stand, { settings, seed }),
    [Symbol.asyncDispose]: () => stand[Symbol.asyncDispose](),
  };
}

const bench: Bench<ReadSetSettings> = { name: "readset", title: "Read sets", whole, quick, parts, open };

export const main = (args: readonly string[]): Promise<void> => runRounds(bench, args);
