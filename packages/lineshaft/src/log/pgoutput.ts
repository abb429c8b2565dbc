/**
 * Decoder of pgoutput, the logical replication protocol of Postgres, version 1 in text form.
 *
 * Model. `push` takes one message after the other and gives a `Commit` when a transaction is complete. The server sends
 * whole transactions in commit order, and a table's description before the first change of it and after each change of
 * its definition.
 * Promises. Values are complete or marked as missing (`Row`), never guessed. A message that is cut, out of order or of
 * an unknown kind is a `ProtocolError`; the decoder must not be used after one.
 * Limits. A transaction over `CHANGES_MAX` changes or `TRANSACTION_BYTES_MAX` bytes is told as one `reloaded` change
 * per table, so that it never fills the memory. Transactions in progress (`streaming`) and two-phase commits are not
 * asked for and not understood: a prepared transaction arrives when it is committed.
 */
import type { Change, Column, Commit, Relation, Row } from "./changes.ts";
import type { Position } from "./position.ts";

/** Changes of one transaction that are told one by one. */
export const CHANGES_MAX = 20_000;
/** Bytes of one transaction's messages that are told one by one. */
export const TRANSACTION_BYTES_MAX = 32 * 1024 * 1024;
/** Prefix of the message that says which tables were reloaded; its content is a JSON list of relations. */
export const RELOADED_PREFIX = "lineshaft.reloaded";

/** The server, or what stands between, sent something that is not the protocol. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

const IDENTITIES: Readonly<Record<string, Relation["identity"]>> = {
  f: "full",
  d: "default",
  i: "index",
  n: "nothing",
};
/** Postgres counts microseconds from the beginning of 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const TRANSACTIONAL = 1;
const KEY = 1;

interface OpenTransaction {
  readonly xid: number;
  readonly at: Date;
  changes: Change[];
  bytes: number;
  /** Tables by oid, once the transaction is over the limits. */
  reloaded: Map<number, Relation> | null;
}

/** Milliseconds since 1970 of a server's time at this offset. */
export function readTimeMs(bytes: Buffer, offset: number): number {
  return EPOCH_MS + Number(bytes.readBigInt64BE(offset)) / 1_000;
}

export class Decoder {
  readonly #relations = new Map<number, Relation>();
  #open: OpenTransaction | null = null;
  readonly #onIgnored: (what: string) => void;

  /** @param onIgnored  Told of a `RELOADED_PREFIX` message that is not ours: every role may write messages. */
  constructor(onIgnored: (what: string) => void = () => {}) {
    this.#onIgnored = onIgnored;
  }

  /** Takes a message; gives the transaction that it completes. @throws {ProtocolError}. */
  push(bytes: Buffer): Commit | null {
    const cursor = new Cursor(bytes);
    const kind = cursor.char();
    switch (kind) {
      case "I":
      case "U":
      case "D":
        this.#change(kind, cursor);
        return null;
      case "B":
        this.#begin(cursor);
        return null;
      case "C":
        return this.#commit(cursor);
      case "R":
        this.#relation(cursor);
        return null;
      case "T":
        this.#truncate(cursor);
        return null;
      case "M":
        this.#message(cursor);
        return null;
      case "O": // Where a transaction came from first.
      case "Y": // The name of a type.
        return null;
      default:
        throw new ProtocolError(`Unknown message ${JSON.stringify(kind)} of ${bytes.length} bytes from the server.`);
    }
  }

  #begin(cursor: Cursor): void {
    if (this.#open) throw new ProtocolError(`A transaction begins inside transaction ${this.#open.xid}.`);
    cursor.position();
    const at = new Date(cursor.timeMs());
    this.#open = { xid: cursor.uint32(), at, changes: [], bytes: 0, reloaded: null };
  }

  #commit(cursor: Cursor): Commit {
    const { xid, at, changes, reloaded } = this.#transaction("A commit");
    cursor.uint8();
    cursor.position();
    const position = cursor.position();
    this.#open = null;
    const told = reloaded ? [...reloaded.values()].map((table): Change => ({ table, kind: "reloaded" })) : changes;
    return { position, xid, changes: told, at };
  }

  #relation(cursor: Cursor): void {
    const oid = cursor.uint32();
    // The system's own schema is sent as an empty name.
    const schema = cursor.text() || "pg_catalog";
    const name = cursor.text();
    const letter = cursor.char();
    const identity = IDENTITIES[letter];
    if (identity === undefined) throw new ProtocolError(`Table ${schema}.${name} has replica identity "${letter}".`);
    const columns: Column[] = [];
    for (let count = cursor.uint16(); count > 0; count--) {
      const key = (cursor.uint8() & KEY) !== 0;
      columns.push({ name: cursor.text(), typeOid: cursor.uint32(), key });
      cursor.uint32();
    }
    this.#relations.set(oid, { oid, schema, name, identity, columns });
  }

  #change(kind: "I" | "U" | "D", cursor: Cursor): void {
    const transaction = this.#transaction("A change");
    const table = this.#known(cursor.uint32());
    if (!this.#isWithinLimits(transaction, cursor.size)) {
      transaction.reloaded!.set(table.oid, table);
      return;
    }
    let part = cursor.char();
    let old: Row | undefined;
    if (part === "K" || part === "O") {
      old = part === "O" ? cursor.row(table) : keyOnly(cursor.row(table), table);
      if (kind !== "D") part = cursor.char();
    }
    if (kind === "D") {
      if (!old) throw new ProtocolError(`A delete in ${table.schema}.${table.name} comes without the old row.`);
      transaction.changes.push({ table, kind: "delete", old });
      return;
    }
    if (part !== "N") throw new ProtocolError(`A change in ${table.schema}.${table.name} has a part "${part}".`);
    const row = cursor.row(table);
    if (kind === "I") transaction.changes.push({ table, kind: "insert", new: row });
    else if (old) transaction.changes.push({ table, kind: "update", old, new: completed(row, old) });
    else transaction.changes.push({ table, kind: "update", new: row });
  }

  #truncate(cursor: Cursor): void {
    const transaction = this.#transaction("A truncate");
    const count = cursor.uint32();
    cursor.uint8();
    for (let index = 0; index < count; index++) {
      const table = this.#known(cursor.uint32());
      if (this.#isWithinLimits(transaction, 0)) transaction.changes.push({ table, kind: "truncate" });
      else transaction.reloaded!.set(table.oid, table);
    }
  }

  #message(cursor: Cursor): void {
    const flags = cursor.uint8();
    cursor.position();
    const prefix = cursor.text();
    if (prefix !== RELOADED_PREFIX || (flags & TRANSACTIONAL) === 0) return;
    const transaction = this.#transaction("A transactional message");
    const tables = parseRelations(cursor.rest());
    if (tables === null) {
      this.#onIgnored(`a "${RELOADED_PREFIX}" message of transaction ${transaction.xid}`);
      return;
    }
    for (const table of tables) {
      if (this.#isWithinLimits(transaction, cursor.size)) transaction.changes.push({ table, kind: "reloaded" });
      else transaction.reloaded!.set(table.oid, table);
    }
  }

  /** Counts a change; false once the transaction is too large to be told change by change. */
  #isWithinLimits(transaction: OpenTransaction, size: number): boolean {
    if (transaction.reloaded) return false;
    transaction.bytes += size;
    if (transaction.changes.length < CHANGES_MAX && transaction.bytes <= TRANSACTION_BYTES_MAX) return true;
    transaction.reloaded = new Map(transaction.changes.map(({ table }) => [table.oid, table]));
    transaction.changes = [];
    return false;
  }

  #transaction(what: string): OpenTransaction {
    if (!this.#open) throw new ProtocolError(`${what} comes outside of a transaction.`);
    return this.#open;
  }

  #known(oid: number): Relation {
    const relation = this.#relations.get(oid);
    if (!relation) throw new ProtocolError(`A change of table ${oid} comes before the table's description.`);
    return relation;
  }
}

/** An old row of which only the key was sent; the protocol fills up the rest with NULL. */
function keyOnly(row: Row, { columns }: Relation): Row {
  return row.map((value, index) => (columns[index]?.key ? value : undefined));
}

/** A new row with the large values that were not changed, from the old one. */
function completed(row: Row, old: Row): Row {
  return row.includes(undefined) ? row.map((value, index) => (value === undefined ? old[index] : value)) : row;
}

/** Null for what our own bulk path did not write. */
function parseRelations(text: string): readonly Relation[] | null {
  try {
    const relations = JSON.parse(text) as Relation[];
    const isOurs = (one: Relation) =>
      Number.isInteger(one.oid) && typeof one.schema === "string" && typeof one.name === "string";
    return relations.every((one) => isOurs(one) && Array.isArray(one.columns)) ? relations : null;
  } catch {
    return null;
  }
}

/** Reads a message from its beginning; reading past its end is a `ProtocolError`. */
class Cursor {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  char(): string {
    return String.fromCharCode(this.uint8());
  }

  position(): Position {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  timeMs(): number {
    return readTimeMs(this.#bytes, this.#take(8));
  }

  /** Up to the zero byte that ends it. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#offset);
    if (end < 0) throw this.#cut("a text without an end");
    const text = this.#bytes.toString("utf8", this.#offset, end);
    this.#offset = end + 1;
    return text;
  }

  /** The content of a message, behind its length. */
  rest(): string {
    const size = this.uint32();
    const start = this.#take(size);
    return this.#bytes.toString("utf8", start, start + size);
  }

  row({ schema, name, columns }: Relation): Row {
    const count = this.uint16();
    if (count !== columns.length) {
      throw new ProtocolError(`A row of ${schema}.${name} has ${count} values; the table has ${columns.length}.`);
    }
    const row: (string | null | undefined)[] = new Array(count);
    for (let index = 0; index < count; index++) row[index] = this.#value();
    return row;
  }

  #value(): string | null | undefined {
    const kind = this.char();
    if (kind === "n") return null;
    if (kind === "u") return undefined;
    if (kind !== "t") throw new ProtocolError(`A value has the form "${kind}"; only text was asked for.`);
    const size = this.uint32();
    const start = this.#take(size);
    return this.#bytes.toString("utf8", start, start + size);
  }

  #take(size: number): number {
    const start = this.#offset;
    if (start + size > this.#bytes.length) throw this.#cut(`${size} bytes at ${start}`);
    this.#offset = start + size;
    return start;
  }

  #cut(what: string): ProtocolError {
    const kind = this.#bytes.length > 0 ? ` "${String.fromCharCode(this.#bytes[0]!)}"` : "";
    return new ProtocolError(`A message${kind} of ${this.#bytes.length} bytes is cut: it lacks ${what}.`);
  }
}
