/**
 * Read set index: finds the entries whose read sets a change of a row touches.
 *
 * Model. An alternative of a read is filed under each value of its tag: table → column → value → postings. A change
 * looks up the values of its old and its new row; what is found is tested on that row by the other conditions, and an
 * update by the columns that the statement names. A table-wide read is filed under its table.
 * Promise. If a change alters the answer behind a read set, its entry is found. A value that is not in the change, or
 * has no canonical form, finds every posting of its column; an old row that is missing, TRUNCATE and a reload find
 * every posting of the table. One look-up for each column that has tags, not for each entry.
 * Not promised: order. Needs: old rows in full (REPLICA IDENTITY FULL) to be precise, not to be right. When the schema
 * changes, start with an empty index: column names and classes are those of the analysis.
 */
import type { BoundAlternative, BoundRead, ReadSet, Value } from "./bind.ts";
import { isBehind, rankOf } from "./order.ts";
import { rules } from "./rules.ts";
import type { Order } from "./shape.ts";
import { canonical, type ValueClass } from "./values.ts";

/** A change of a row as the log tells it. */
export interface RowChange {
  readonly table: {
    readonly oid: number;
    readonly columns: readonly { readonly name: string }[];
  };
  readonly kind: "insert" | "update" | "delete" | "truncate" | "reloaded";
  /** Values as the server writes them; null for NULL, undefined for what is not told. */
  readonly old?: Row;
  /** Undefined: an unchanged value that was stored out of line. */
  readonly new?: Row;
}

type Row = readonly (string | null | undefined)[] | undefined;

interface Posting<TEntry> {
  readonly entry: TEntry;
  readonly bound: BoundRead;
  /** Null: every row counts. */
  readonly alternative: BoundAlternative | null;
}

/** Most tags have one posting, which needs no set. */
type Bucket<TEntry> = Posting<TEntry> | Set<Posting<TEntry>>;

interface ColumnIndex<TEntry> {
  readonly valueClass: ValueClass;
  readonly buckets: Map<Value, Bucket<TEntry>>;
}

interface TableIndex<TEntry> {
  readonly wide: Set<Posting<TEntry>>;
  readonly columns: Map<string, ColumnIndex<TEntry>>;
}

/** One image of a changed row, and the columns that the change alters; null: all of them. */
interface Image {
  readonly positions: ReadonlyMap<string, number>;
  /** Undefined: a row of which nothing is known. */
  readonly row: Row;
  readonly changed: readonly string[] | null;
  /** Ranks by column, as far as they were asked for. A column has one kind, that of its type. */
  ranks: Map<string, number | undefined> | null;
}

export class ReadSetIndex<TEntry> {
  readonly #tables = new Map<number, TableIndex<TEntry>>();
  readonly #postings = new Map<TEntry, readonly Posting<TEntry>[]>();
  readonly #lineage: (table: number) => readonly number[] | null;
  #positions = new WeakMap<RowChange["table"]["columns"], ReadonlyMap<string, number>>();

  /** @param lineage   The tables whose reads a change of a table touches, or null for any; `Catalog.lineage`. */
  constructor(lineage: (table: number) => readonly number[] | null) {
    this.#lineage = lineage;
  }

  /** Entries that are filed. */
  get size(): number {
    return this.#postings.size;
  }

  /** Files an entry. An entry that is there already is replaced. */
  add(entry: TEntry, { reads }: ReadSet): void {
    this.remove(entry);
    const postings = reads.flatMap((bound): Posting<TEntry>[] => {
      if (bound.alternatives === null) return [{ entry, bound, alternative: null }];
      return bound.alternatives.map((alternative) => ({ entry, bound, alternative }));
    });
    this.#postings.set(entry, postings.slice());
    for (const posting of postings) this.#file(posting);
  }

  /** Takes an entry out; nothing happens if it is not there. */
  remove(entry: TEntry): void {
    const postings = this.#postings.get(entry);
    if (postings === undefined) return;
    this.#postings.delete(entry);
    for (const posting of postings) this.#unfile(posting);
  }

  /** The entries that a change touches. */
  touched(change: RowChange): Set<TEntry> {
    const lineage = this.#lineage(change.table.oid);
    if (lineage === null) return new Set(this.#postings.keys());
    const found = new Set<TEntry>();
    const images = change.kind === "truncate" || change.kind === "reloaded" ? null : this.#imagesOf(change);
    for (const oid of lineage) {
      const table = this.#tables.get(oid);
      if (table === undefined) continue;
      if (images === null) for (const { entry } of postingsOf(table)) found.add(entry);
      else for (const image of images) touchImage(table, image, found);
    }
    return found;
  }

  #file(posting: Posting<TEntry>): void {
    const oid = posting.bound.read.table;
    let table = this.#tables.get(oid);
    if (table === undefined) this.#tables.set(oid, (table = { wide: new Set(), columns: new Map() }));
    const { alternative } = posting;
    if (alternative === null) return void table.wide.add(posting);
    const { column, valueClass } = alternative.conditions[alternative.tag]!;
    let index = table.columns.get(column);
    if (index === undefined) table.columns.set(column, (index = { valueClass, buckets: new Map() }));
    for (const value of alternative.values[alternative.tag]!) fileUnder(index.buckets, value, posting);
  }

  #unfile(posting: Posting<TEntry>): void {
    const oid = posting.bound.read.table;
    const table = this.#tables.get(oid)!;
    const { alternative } = posting;
    if (alternative === null) table.wide.delete(posting);
    else {
      const { column } = alternative.conditions[alternative.tag]!;
      const { buckets } = table.columns.get(column)!;
      for (const value of alternative.values[alternative.tag]!) takeFrom(buckets, value, posting);
      if (buckets.size === 0) table.columns.delete(column);
    }
    if (table.wide.size === 0 && table.columns.size === 0) this.#tables.delete(oid);
  }

  #imagesOf({ kind, table, old, new: fresh }: RowChange): readonly Image[] {
    const positions = this.#positionsOf(table.columns);
    if (kind === "insert") return [imageOf(positions, fresh, null)];
    if (kind === "delete" || old === undefined) return [imageOf(positions, old, null)];
    const changed = table.columns.flatMap(({ name }, index) => (isChanged(old[index], fresh?.[index]) ? [name] : []));
    const next = fresh?.map((value, index) => (value === undefined ? old[index] : value));
    const images = [imageOf(positions, old, changed), imageOf(positions, next, changed)];
    return rules.oldRowsCount ? images : images.slice(1);
  }

  #positionsOf(columns: RowChange["table"]["columns"]): ReadonlyMap<string, number> {
    let positions = this.#positions.get(columns);
    if (positions === undefined) {
      positions = new Map(columns.map(({ name }, index) => [name, index]));
      this.#positions.set(columns, positions);
    }
    return positions;
  }
}

function imageOf(positions: Image["positions"], row: Row, changed: Image["changed"]): Image {
  return { positions, row, changed, ranks: null };
}

function isChanged(old: string | null | undefined, fresh: string | null | undefined): boolean {
  return fresh !== undefined && old !== fresh;
}

function fileUnder<TEntry>(buckets: Map<Value, Bucket<TEntry>>, value: Value, posting: Posting<TEntry>): void {
  const bucket = buckets.get(value);
  if (bucket === undefined) buckets.set(value, posting);
  else if (bucket instanceof Set) bucket.add(posting);
  else buckets.set(value, new Set([bucket, posting]));
}

function takeFrom<TEntry>(buckets: Map<Value, Bucket<TEntry>>, value: Value, posting: Posting<TEntry>): void {
  const bucket = buckets.get(value);
  if (bucket === posting) buckets.delete(value);
  if (!(bucket instanceof Set)) return;
  bucket.delete(posting);
  if (bucket.size === 0) buckets.delete(value);
}

function* postingsOf<TEntry>(table: TableIndex<TEntry>): Generator<Posting<TEntry>> {
  yield* table.wide;
  for (const { buckets } of table.columns.values()) yield* bucketsOf(buckets);
}

function* bucketsOf<TEntry>(buckets: ReadonlyMap<Value, Bucket<TEntry>>): Generator<Posting<TEntry>> {
  for (const bucket of buckets.values()) {
    if (bucket instanceof Set) yield* bucket;
    else yield bucket;
  }
}

function touchImage<TEntry>(table: TableIndex<TEntry>, image: Image, found: Set<TEntry>): void {
  for (const posting of table.wide) test(posting, image, found);
  for (const [column, { valueClass, buckets }] of table.columns) {
    const value = valueIn(image, column, valueClass);
    if (value === undefined) {
      if (rules.unknownValuesHitAll) for (const posting of bucketsOf(buckets)) test(posting, image, found);
      continue;
    }
    const bucket = buckets.get(value);
    if (bucket instanceof Set) for (const posting of bucket) test(posting, image, found);
    else if (bucket !== undefined) test(bucket, image, found);
  }
}

function test<TEntry>({ entry, bound, alternative }: Posting<TEntry>, image: Image, found: Set<TEntry>): void {
  const { mask } = bound.read;
  if (image.changed !== null && mask !== null && !image.changed.some((column) => mask.has(column))) return;
  if (bound.end !== null && isBehind(bound.end, rankIn(image, bound.end.order))) return;
  if (alternative === null || passes(alternative, image)) found.add(entry);
}

function passes({ conditions, values, tag }: BoundAlternative, image: Image): boolean {
  for (let index = 0; index < conditions.length; index++) {
    const allowed = values[index];
    if (index === tag || allowed === undefined) continue;
    const { column, valueClass } = conditions[index]!;
    const value = valueIn(image, column, valueClass);
    if (value !== undefined && !allowed.includes(value)) return false;
  }
  return true;
}

/** The canonical value of a column, or undefined if it is not told or has none. */
function valueIn({ row, positions }: Image, column: string, valueClass: ValueClass): Value | undefined {
  const text = row?.[positions.get(column) ?? -1];
  return text === undefined || text === null ? text : canonical(valueClass, text);
}

/** The rank of a column, null for NULL, or undefined if it is not told or has none. */
function rankIn(image: Image, { column, kind }: Order): number | null | undefined {
  const { row, positions } = image;
  const text = row?.[positions.get(column) ?? -1];
  if (text === undefined || text === null) return text;
  // Many lists may have the same order: their column is read once for each image.
  image.ranks ??= new Map();
  const { ranks } = image;
  if (ranks.has(column)) return ranks.get(column);
  const rank = rankOf(kind, text);
  ranks.set(column, rank);
  return rank;
}
