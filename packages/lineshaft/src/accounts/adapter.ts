/**
 * Adapter: lets better-auth ask the database of the call that it works for, and no other.
 *
 * Model. `EngineCall` is one use of better-auth inside one run of an endpoint, carried by `AsyncLocalStorage`. Every
 * statement goes through the `db` of that run: in its transaction, seen by its metrics, undone with it. Better-auth's
 * own transactions are therefore none, and its migrations are not used.
 * Clock. Better-auth reads the machine's clock; a call has an instant of its own. Instants are shifted on their way in
 * and out, so that better-auth lives in the time of the call, and what passes while it works does not count.
 * Tokens. A session's token is replaced by its hash on the way in; the call keeps the token itself.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Transaction } from "kysely";
import { tokenHash } from "./tokens.ts";

// biome-ignore lint/suspicious/noExplicitAny: tables and columns are named by better-auth, at run time.
type AnyDb = Transaction<any>;

/** One use of better-auth. */
export interface EngineCall {
  readonly db: AnyDb;
  /** The instant of the call, and what the machine's clock said when the engine began. */
  readonly nowMs: number;
  readonly startedMs: number;
  readonly address: string;
  readonly agent: string | null;
  /** Given where the password was hashed before the transaction began. */
  readonly passwordHash: string | null;
  /** The token of the session that was made. */
  sessionToken: string | null;
  /** The account whose password was set by a link. */
  account: string | null;
  /** The first statement that failed: better-auth would tell it in its own words. */
  failure: unknown;
}

export const engineCalls = new AsyncLocalStorage<EngineCall>();

export function engineCall(): EngineCall {
  const call = engineCalls.getStore();
  if (!call) throw new Error("The accounts engine is used outside a call.");
  return call;
}

/** Better-auth's names of models, and our tables. */
const TABLES: Readonly<Record<string, string>> = {
  user: "account",
  account: "credential",
  session: "session",
  verification: "verification",
};

const OPERATORS: Readonly<Record<string, string>> = {
  eq: "=",
  ne: "<>",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  in: "in",
};

interface Condition {
  readonly field: string;
  readonly value: unknown;
  readonly operator: string;
  readonly connector: string;
}
interface Selection {
  readonly model: string;
  readonly where?: readonly Condition[];
}
type Joins = Readonly<
  Record<string, { readonly on: { readonly from: string; readonly to: string }; readonly limit: number }>
>;
type RowData = Record<string, unknown>;

function tableOf(model: string): string {
  const table = TABLES[model];
  if (table === undefined) throw new Error(`The accounts engine asks for "${model}", which is not one of our tables.`);
  return table;
}

interface Narrower {
  where(field: string, operator: string, value: unknown): Narrower;
}

/** Adds conditions to any statement; only what better-auth's e-mail and password flows use is known. */
function narrowed<TBuilder>(builder: TBuilder, where: readonly Condition[] = []): TBuilder {
  let narrower = builder as unknown as Narrower;
  for (const { field, value, operator, connector } of where) {
    const known = OPERATORS[operator];
    if (known === undefined || connector !== "AND") {
      throw new Error(`The accounts engine filters with ${connector} ${operator}.`);
    }
    narrower = narrower.where(field, value === null && known === "=" ? "is" : known, value);
  }
  return narrower as unknown as TBuilder;
}

/** Runs a statement of the call, and remembers its failure. */
async function asked<T>(ask: (db: AnyDb) => Promise<T>): Promise<T> {
  const call = engineCall();
  try {
    return await ask(call.db);
  } catch (error) {
    call.failure ??= error;
    throw error;
  }
}

/** Deletes at most one row: the statement alone decides who gets it. */
function takeOne({ model, where }: Selection): Promise<RowData | null> {
  const table = tableOf(model);
  return asked(async (db) => {
    const one = narrowed(db.selectFrom(table).select("id"), where).limit(1).forUpdate();
    return (await db.deleteFrom(table).where("id", "in", one).returningAll().executeTakeFirst()) ?? null;
  });
}

function deleteMany({ model, where }: Selection): Promise<number> {
  return asked(async (db) => {
    const { numDeletedRows } = await narrowed(db.deleteFrom(tableOf(model)), where).executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  });
}

/**
 * The first row, with the rows that belong to it. Both are asked for at once, whether there is a row or not: who tries
 * addresses learns nothing from the number of statements.
 */
function findOne({ model, where, join = {} }: Selection & { readonly join?: Joins }): Promise<RowData | null> {
  const table = tableOf(model);
  return asked(async (db) => {
    const own = narrowed(db.selectFrom(table).selectAll(), where).limit(1).executeTakeFirst();
    const joined = Object.entries(join).map(async ([name, { on, limit }]) => {
      const keys = narrowed(db.selectFrom(table).select(on.from), where);
      return [
        name,
        await db.selectFrom(tableOf(name)).selectAll().where(on.to, "in", keys).limit(limit).execute(),
      ] as const;
    });
    const [row, ...others] = await Promise.all([own, ...joined]);
    return row ? { ...row, ...Object.fromEntries(others) } : null;
  });
}

type Page = Selection & {
  readonly limit: number;
  readonly offset?: number;
  readonly sortBy?: { readonly field: string; readonly direction: "asc" | "desc" };
};

function findMany({ model, where, limit, offset = 0, sortBy }: Page): Promise<RowData[]> {
  return asked((db) => {
    const found = narrowed(db.selectFrom(tableOf(model)).selectAll(), where)
      .limit(limit)
      .offset(offset);
    return (sortBy ? found.orderBy(sortBy.field, sortBy.direction) : found).execute();
  });
}

/** What better-auth asks of a database. */
export const engineAdapter = {
  findOne,
  findMany,
  deleteMany,
  consumeOne: takeOne,
  create: ({ model, data }: { readonly model: string; readonly data: RowData }): Promise<RowData> =>
    asked((db) => db.insertInto(tableOf(model)).values(data).returningAll().executeTakeFirstOrThrow()),
  update: ({ model, where, update }: Selection & { readonly update: RowData }): Promise<RowData | null> =>
    asked(async (db) => {
      const changed = narrowed(db.updateTable(tableOf(model)).set(settable(update)), where).returningAll();
      return (await changed.executeTakeFirst()) ?? null;
    }),
  updateMany: ({ model, where, update }: Selection & { readonly update: RowData }): Promise<number> =>
    asked(async (db) => {
      const changed = narrowed(db.updateTable(tableOf(model)).set(settable(update)), where);
      return Number((await changed.executeTakeFirstOrThrow()).numUpdatedRows);
    }),
  delete: async (selection: Selection): Promise<void> => {
    await deleteMany(selection);
  },
  count: ({ model, where }: Selection): Promise<number> =>
    asked(async (db) => {
      const counted = db.selectFrom(tableOf(model)).select((builder) => builder.fn.countAll().as("count"));
      return Number((await narrowed(counted, where).executeTakeFirstOrThrow()).count);
    }),
  incrementOne: async (): Promise<never> => {
    throw new Error("The accounts engine counts in the database, which no flow of ours needs.");
  },
};

/** `updatedAt` is kept by the database. */
function settable({ updatedAt: _, ...rest }: RowData): RowData {
  return rest;
}

/** Lives of sessions and links are whole seconds; less than that is the time that the engine has worked. */
const SECOND_MS = 1_000;

interface Value {
  readonly data: unknown;
  readonly field: string;
  readonly model: string;
  readonly action?: string;
}

/** A value on its way to the database. */
export function valueIn({ data, field, model, action }: Value): unknown {
  if (data instanceof Date) {
    const { nowMs, startedMs } = engineCall();
    return new Date(nowMs + Math.floor((data.getTime() - startedMs) / SECOND_MS) * SECOND_MS);
  }
  if (model !== "session" || field !== "token" || typeof data !== "string") return data;
  if (action === "create") engineCall().sessionToken = data;
  return tokenHash(data);
}

/** A value on its way to better-auth. */
export function valueOut({ data, field, model }: Value): unknown {
  if (data instanceof Date) return new Date(data.getTime() - engineCall().nowMs + engineCall().startedMs);
  return model === "session" && field === "token" ? (engineCall().sessionToken ?? data) : data;
}
