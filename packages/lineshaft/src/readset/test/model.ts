/**
 * Random test of read sets against the truth: an answer that differs after a change must have been touched by it.
 *
 * A round makes tables, fills them, then in turn makes statements, observes their answers and applies changes. Each
 * pair of a statement and a change is a case. The server's own tree is a second witness: it must not name a table that
 * the shape does not read.
 */
import { bind, type ReadSet } from "../bind.ts";
import { ReadSetIndex } from "../read-set-index.ts";
import type { CacheableShape } from "../shape.ts";
import { Random } from "./random.ts";
import { makePolicy } from "./random-policies.ts";
import { CASE_TABLES, type ModelTable, makeTables } from "./random-schema.ts";
import { type RandomQuery, StatementMaker } from "./random-sql.ts";
import type { Asked, ReadSetStand } from "./stand.ts";

const QUERIES_PER_TURN = 24;
const CHANGES_PER_TURN = 24;
const TURNS_PER_SCHEMA = 4;
const ROWS_AT_FIRST = 80;
const TRUNCATE_CHANCE = 0.01;

export interface Counts {
  shapes: number;
  cases: number;
  changed: number;
  /** Touched although the answer stayed. */
  needless: number;
  uncacheable: number;
  refused: number;
  witnessed: number;
  withKeys: number;
  /** Shapes that read a setting, which only policies do. */
  withPolicies: number;
  /** Filed lists that have an end. */
  withEnds: number;
  readonly missed: string[];
  readonly reasons: Map<string, number>;
}

export interface ModelOptions {
  readonly seed: number;
  readonly isDone: (counts: Counts) => boolean;
  /** Spoils a read set before it is filed, to see that the test notices. */
  readonly spoil?: (readSet: ReadSet, random: Random) => ReadSet;
}

interface Watched extends RandomQuery {
  readonly shape: CacheableShape;
  asked: Asked | null;
}

/** Runs rounds until it is told that it is done. The same seed gives the same cases. */
export async function runModel(stand: ReadSetStand, { seed, isDone, spoil }: ModelOptions): Promise<Counts> {
  const random = new Random(seed);
  const counts: Counts = {
    ...{
      shapes: 0,
      cases: 0,
      changed: 0,
      needless: 0,
      uncacheable: 0,
      refused: 0,
      witnessed: 0,
      withKeys: 0,
      withPolicies: 0,
      withEnds: 0,
    },
    ...{ missed: [], reasons: new Map() },
  };
  while (!isDone(counts)) {
    const round = new Round(stand, random, counts, spoil);
    await round.prepare();
    for (let turn = 0; turn < TURNS_PER_SCHEMA && !isDone(counts); turn++) await round.turn(isDone);
    await round.clear();
  }
  return counts;
}

class Round {
  readonly #stand: ReadSetStand;
  readonly #random: Random;
  readonly #counts: Counts;
  readonly #spoil: ModelOptions["spoil"];
  #maker!: StatementMaker;
  #made: readonly string[] = [];
  #writable: readonly string[] = [];

  constructor(stand: ReadSetStand, random: Random, counts: Counts, spoil: ModelOptions["spoil"]) {
    this.#stand = stand;
    this.#random = random;
    this.#counts = counts;
    this.#spoil = spoil;
  }

  async prepare(): Promise<void> {
    const { sql, tables } = makeTables(this.#random);
    for (const each of sql) await this.#stand.client.query(each);
    const all = [...CASE_TABLES, ...tables];
    this.#made = tables.filter(({ isWritable }) => isWritable).map(({ name }) => name);
    this.#writable = all.filter(({ isWritable }) => isWritable).map(({ name }) => name);
    await this.#stand.client.query(`truncate ${this.#writable.join(", ")}`);
    for (const table of tables) if (table.isGuarded) await this.#guard(table, tables);
    await this.#stand.reload();
    this.#maker = new StatementMaker(this.#random, all);
    for (let count = 0; count < ROWS_AT_FIRST; count++) await this.#write(this.#maker.change());
  }

  /** Policies look at tables that were made before, so that they do not go in circles. */
  async #guard(table: ModelTable, made: readonly ModelTable[]): Promise<void> {
    const maker = new StatementMaker(this.#random, [...CASE_TABLES, ...made.slice(0, made.indexOf(table))]);
    const wanted = 1 + this.#random.below(3);
    for (let number = 0; number < wanted; number++) {
      const policy = makePolicy(this.#random, maker, table, number);
      // Some conditions are refused, as are some statements.
      await this.#stand.client.query(policy).catch(() => {});
    }
  }

  async clear(): Promise<void> {
    for (const name of this.#made) await this.#stand.client.query(`drop table ${name} cascade`);
  }

  async turn(isDone: (counts: Counts) => boolean): Promise<void> {
    const watched: Watched[] = [];
    await this.#stand.asReader(async () => {
      while (watched.length < QUERIES_PER_TURN) {
        const one = await this.#watch(this.#maker.query());
        if (one !== null) watched.push(one);
      }
    });
    for (let count = 0; count < CHANGES_PER_TURN && !isDone(this.#counts); count++) await this.#step(watched);
    await this.#stand.client.query("deallocate all");
  }

  /** Null for statements that the server refuses, or that are not cached. */
  async #watch({ sql, parameters }: RandomQuery): Promise<Watched | null> {
    const counts = this.#counts;
    const witness: number[] = [];
    const shape = await this.#stand.shapeOf(sql, (oid) => void witness.push(oid)).catch(() => null);
    const asked = shape === null ? null : await this.#stand.ask(sql, parameters).catch(() => null);
    if (shape === null || asked === null) {
      counts.refused++;
      return null;
    }
    if (!shape.isCacheable) {
      counts.uncacheable++;
      counts.reasons.set(shape.reason, (counts.reasons.get(shape.reason) ?? 0) + 1);
      return null;
    }
    counts.shapes++;
    if (shape.keyQueries.length > 0) counts.withKeys++;
    if (shape.settings.length > 0) counts.withPolicies++;
    this.#compare(shape, witness, sql);
    return { sql, parameters, shape, asked };
  }

  #compare({ reads }: CacheableShape, witness: readonly number[], sql: string): void {
    this.#counts.witnessed += witness.length;
    const known = new Set(reads.map(({ table }) => table));
    for (const oid of witness) {
      const relation = this.#stand.catalog.relationByOid(oid);
      if (relation?.kind !== "v" && !known.has(oid)) this.#counts.missed.push(`the server reads ${oid}: ${sql}`);
    }
  }

  async #step(watched: readonly Watched[]): Promise<void> {
    const index = new ReadSetIndex<Watched>((oid) => this.#stand.catalog.lineage(oid));
    await this.#stand.asReader(async () => {
      for (const one of watched) await this.#file(index, one);
    });
    const { description, touched } = await this.#change(index);
    if (touched === null) return;
    await this.#stand.asReader(() => this.#compareAnswers(watched, touched, description));
  }

  async #compareAnswers(watched: readonly Watched[], touched: ReadonlySet<Watched>, description: string) {
    for (const one of watched) {
      const before = one.asked;
      one.asked = await this.#stand.ask(one.sql, one.parameters).catch(() => null);
      // An answer that failed is not kept, so there is nothing to be touched.
      if (before === null) continue;
      this.#counts.cases++;
      const isTouched = touched.has(one);
      if (one.asked?.answer === before.answer) this.#counts.needless += isTouched ? 1 : 0;
      else this.#judge(one, isTouched, description);
    }
  }

  #judge({ sql, parameters, shape }: Watched, isTouched: boolean, description: string): void {
    this.#counts.changed++;
    if (isTouched) return;
    const reads = this.#stand.readsOf(shape).join(" ");
    this.#counts.missed.push(`${sql}\n  ${JSON.stringify(parameters)}\n  ${description}\n  ${reads}`);
  }

  async #file(index: ReadSetIndex<Watched>, one: Watched): Promise<void> {
    if (one.asked === null) return;
    const keys = await this.#stand.keysOf(one.shape, one.parameters);
    const readSet = bind(one.shape, one.parameters, keys, {
      rows: one.asked.rows,
      settings: this.#stand.settings,
    });
    if (!readSet.isCacheable) throw new Error(`not cacheable with its parameters: ${one.sql}`);
    if (readSet.reads.some(({ end }) => end !== null)) this.#counts.withEnds++;
    index.add(one, this.#spoil?.(readSet, this.#random) ?? readSet);
  }

  /** Applies a change that changes something; null if this one does not. */
  async #change(index: ReadSetIndex<Watched>) {
    if (this.#random.chance(TRUNCATE_CHANCE)) {
      const name = this.#random.pick(this.#writable);
      const oid = (await this.#stand.client.query(`select '${name}'::regclass::oid::int8::text as oid`)).rows[0].oid;
      await this.#stand.client.query(`truncate ${name}`);
      const table = { oid: Number(oid), columns: [] };
      return { description: `truncate ${name}`, touched: index.touched({ table, kind: "truncate" }) };
    }
    const change = this.#maker.change();
    const changes = await this.#write(change);
    const touched = new Set(changes.flatMap((each) => [...index.touched(each)]));
    return { description: change.sql, touched: changes.length === 0 ? null : touched };
  }

  /** A change that a constraint forbids changes nothing. */
  async #write({ sql, parameters }: RandomQuery) {
    return this.#stand.change(sql, parameters).catch(() => []);
  }
}
