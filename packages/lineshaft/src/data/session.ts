/**
 * Session: one connection to Postgres, and the knowledge whether it still answers.
 *
 * What is sent without waiting is answered in order. A session that owes an answer for longer than the server itself
 * allows a statement to take is dead, whatever the socket says: `isOverdue` tells, and the pool destroys it.
 *
 * States. `usable → lost`, once. Every statement on a lost session rejects.
 */
import pg from "pg";
import { Asked, type Columns } from "./asked.ts";
import { isConnectionLoss } from "./failures.ts";

/** How long the answer to the beginning of a transaction may take: it does no work. */
export const ANSWER_MS = 5_000;

/** What a statement gave. */
export interface StatementResult {
  readonly rows: unknown[];
  readonly rowCount: number | null;
  readonly command: string;
}

/** A statement as the driver takes it. */
export interface Statement {
  readonly text: string;
  readonly values?: unknown[];
  /** The name under which it is prepared. */
  readonly name?: string;
  /** One statement with parameters apart from it. Without: text of several statements, and no parameters. */
  readonly queryMode?: "extended";
  /**
   * Prepared statements that go ahead of it and behind it, as one question; the latter if it is prepared. What they
   * give is dropped, and where one fails, those after it are not tried.
   */
  readonly ahead?: readonly Prepared[];
  readonly behind?: string;
  /** Told how long the server took for it. */
  readonly cost?: Cost;
}

/** A statement that the session has prepared. */
export interface Prepared {
  readonly name: string;
  readonly values?: unknown[];
}

/** What a transaction ends with. */
export interface Ending {
  /** Its beginning, where it has not begun yet. */
  readonly begin: string | null;
  readonly statements: readonly Statement[];
  /** What is asked along with the commit: the number of the transaction, or a position that it is before. */
  readonly asks: "xid" | "position" | null;
}

/** How a commit went. */
export interface Committed {
  readonly command: string;
  readonly told: string | null;
}

/** How long a prepared statement takes. */
export interface Cost {
  /** A moving average in milliseconds; `undefined` before the first answer. */
  ms: number | undefined;
}

const COMMIT = { text: "commit", name: "ls_commit", queryMode: "extended" } as const;
const XID = {
  text: "select pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text as told",
  name: "ls_xid",
  queryMode: "extended",
} as const;
/** Behind a commit, the end of the log is a position that the commit is before. */
const POSITION = {
  text: "select pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text as told",
  name: "ls_position",
  queryMode: "extended",
} as const;

const SNAPSHOT: Statement = {
  text: "select pg_catalog.pg_current_snapshot()::pg_catalog.text as snapshot",
  name: "ls_snapshot",
  queryMode: "extended",
};

/** How much of the average the last answer is. */
const COST_WEIGHT = 1 / 4;

/** The parts of the driver's client that its types do not name. */
interface Internals {
  readonly connection: {
    readonly stream: { readonly writable: boolean; write(bytes: Buffer): boolean; destroy(): void };
    _send(bytes: Buffer): boolean;
  };
}

export class Session {
  /** Statements prepared before this number of the pool moved on do not fit their tables any more. */
  readonly generation: number;
  /** When it was given back. */
  idleSinceMs = 0;
  /** How many use it now: one, or several reads that need no transaction. */
  holders = 0;
  /** The service whose reads share it; `null` when it is lent to one call alone, or to none. */
  sharedBy: string | null = null;
  readonly #client: pg.Client;
  /** Columns of the prepared statements, by name. */
  readonly #columns = new Map<string, Columns>();
  /** Names of prepared statements that can go ahead of others; what begins a transaction has its text as its name. */
  readonly #prepared = new Set<string>();
  #usable = true;
  #unanswered = 0;
  #beginning = false;
  /** What the driver says while a statement is sent: a statement is five messages, which go out in one write. */
  #outgoing: Buffer[] = [];
  #sending = false;
  /** Asked for in what has not gone out yet. */
  #snapshot: Promise<string> | null = null;
  #gathers = false;
  /** The search path outside of transactions, as it was last set. */
  #path = "";
  #heardAtMs = 0;

  private constructor(client: pg.Client, generation: number) {
    this.#client = client;
    this.generation = generation;
  }

  /** @param onLost  Told once, when the connection is gone for whatever reason. */
  static async open(config: pg.ClientConfig, generation: number, onLost: (session: Session) => void): Promise<Session> {
    const client = new pg.Client({ ...config, pipeline: true });
    const session = new Session(client, generation);
    client.on("error", () => {
      session.#usable = false;
    });
    await client.connect();
    session.#gather();
    client.on("end", () => {
      session.#usable = false;
      onLost(session);
    });
    return session;
  }

  get usable(): boolean {
    return this.#usable;
  }

  /** Sends a statement behind all that were sent before. */
  query(statement: Statement): Promise<StatementResult> {
    const answer = this.#send(statement);
    this.#letGo();
    return answer;
  }

  /** Whether statements wait for the end of this turn of the event loop. */
  get gathers(): boolean {
    return this.#gathers;
  }

  /**
   * Sends a statement with all others that come within this turn of the event loop, in one write. Under load that saves
   * system calls, and wake-ups of the server.
   */
  queryTogether(statement: Statement): Promise<StatementResult> {
    const answer = this.#send(statement);
    this.#letGoTogether();
    return answer;
  }

  /**
   * The snapshot of this moment, as text: of the database as it is when the server comes to what is sent next. One
   * serves all that goes out in one write. It goes out with the next statement, so send one.
   */
  snapshot(): Promise<string> {
    this.#snapshot ??= this.#send(SNAPSHOT).then(({ rows }) => (rows[0] as { snapshot: string }).snapshot);
    return this.#snapshot;
  }

  /** Sends a statement in one write with the next one, so send one. */
  queryLater(statement: Statement): Promise<StatementResult> {
    return this.#send(statement);
  }

  #letGoTogether(): void {
    if (this.#gathers) return;
    this.#gathers = true;
    setImmediate(() => {
      this.#gathers = false;
      this.#letGo();
    });
  }

  /** The service whose search path holds outside of transactions. */
  get path(): string {
    return this.#path;
  }

  /** Makes a search path hold from the next statement on; `setPath` sets it. Not inside a transaction. */
  enter(path: string, setPath: string): void {
    if (this.#path === path) return;
    this.#path = path;
    this.#send({ text: setPath }).catch(() => this.destroy());
  }

  /**
   * Begins a transaction and sends its first statement, in one write. Once this session has prepared the `begin`, both
   * are one question with one answer, and where the `begin` fails the server skips the statement.
   */
  begin(text: string, first: Statement, onError: (error: unknown) => void): Promise<StatementResult> {
    if (this.#prepared.has(text)) return this.query({ ...first, ahead: [{ name: text }] });
    this.#beginning = true;
    this.#send({ text, name: text, queryMode: "extended" }).then(
      () => {
        this.#beginning = false;
        this.#prepared.add(text);
      },
      (error) => {
        this.#beginning = false;
        onError(error);
      },
    );
    return this.query(first);
  }

  /**
   * Ends a transaction with its last statements and the commit. Once this session has prepared what that takes, all is
   * one question with one answer; where one of them fails then, the transaction is still to be undone.
   */
  async commit(ending: Ending): Promise<Committed> {
    const { begin, statements, asks } = ending;
    const ahead = statements as readonly Prepared[];
    const begins = begin === null ? [] : [{ name: begin }];
    const isPrepared = [...begins, ...ahead, COMMIT].every(
      ({ name }) => name !== undefined && this.#prepared.has(name),
    );
    if (!isPrepared) return this.#commitFirst(ending);
    if (asks === null) return this.#committed(this.query({ ...COMMIT, ahead: [...begins, ...ahead] }));
    const question = asks === "xid" ? XID : POSITION;
    if (!this.#columns.has(question.name)) return this.#commitFirst(ending);
    return this.#committed(
      asks === "xid"
        ? this.query({ ...question, ahead: [...begins, ...ahead], behind: COMMIT.name })
        : this.query({ ...question, ahead: [...begins, ...ahead, COMMIT] }),
    );
  }

  async #committed(asked: Promise<StatementResult>): Promise<Committed> {
    const { command, rows } = await asked;
    return { command, told: toldBy(rows) };
  }

  /** The same, one question each, in one write. The first that failed is the reason of those behind it. */
  async #commitFirst({ begin, statements, asks }: Ending): Promise<Committed> {
    const begins: Statement[] = begin === null ? [] : [{ text: begin, name: begin, queryMode: "extended" }];
    const all = [...begins, ...statements, ...(asks === "xid" ? [XID, COMMIT] : [COMMIT])];
    const sent = [...all, ...(asks === "position" ? [POSITION] : [])].map((each) => this.#send(each));
    this.#letGo();
    const answers = await allInOrder(sent);
    for (const { name } of all) if (name !== undefined) this.#prepared.add(name);
    const { command } = answers[all.length - 1]!;
    const told = asks === null ? null : toldBy(answers[asks === "xid" ? all.length - 2 : all.length]!.rows);
    return { command, told };
  }

  /** A position that every commit so far is before. */
  async position(): Promise<string> {
    return toldBy((await this.query(POSITION)).rows)!;
  }

  /**
   * Ends a read-only transaction, whose answer nobody needs: in one write with the next `begin` when that comes within
   * this turn of the event loop.
   */
  endReading(): void {
    this.queryTogether({ text: "commit" }).catch(() => {});
  }

  #send(statement: Statement): Promise<StatementResult> {
    if (this.#unanswered++ === 0) this.#heardAtMs = performance.now();
    return new Promise((resolve, reject) => {
      const asked = new Asked(statement, this.#columns, (error, result) => {
        const nowMs = performance.now();
        const { cost } = statement;
        if (cost) cost.ms = averageOf(cost.ms, nowMs - this.#heardAtMs);
        this.#unanswered--;
        this.#heardAtMs = nowMs;
        if (!error) return resolve(result!);
        if (isConnectionLoss(error)) this.#usable = false;
        reject(error);
      });
      this.#sending = true;
      this.#client.query(asked as never);
      this.#sending = false;
    });
  }

  /** Makes the driver gather what it says for a statement; what it says by itself goes out at once. */
  #gather(): void {
    const { connection } = this.#client as unknown as Internals;
    connection._send = (bytes) => {
      this.#outgoing.push(bytes);
      if (!this.#sending) this.#letGo();
      return connection.stream.writable;
    };
  }

  #letGo(): void {
    const outgoing = this.#outgoing;
    this.#snapshot = null;
    if (outgoing.length === 0) return;
    this.#outgoing = [];
    const stream = this.#stream;
    if (stream.writable) stream.write(outgoing.length === 1 ? outgoing[0]! : Buffer.concat(outgoing));
  }

  get #stream(): Internals["connection"]["stream"] {
    return (this.#client as unknown as Internals).connection.stream;
  }

  /** Whether an answer is owed for too long. */
  isOverdue(nowMs: number, statementMs: number): boolean {
    const boundMs = this.#beginning ? Math.min(ANSWER_MS, statementMs) : statementMs;
    return this.#unanswered > 0 && nowMs - this.#heardAtMs > boundMs;
  }

  /** Says good-bye when all answers are there; a server that does not react is left. */
  async end(): Promise<void> {
    this.#usable = false;
    this.#letGo();
    const timer = setTimeout(() => this.destroy(), ANSWER_MS).unref();
    await this.#client.end().catch(() => {});
    clearTimeout(timer);
  }

  /** Breaks the connection off; what it owes rejects. */
  destroy(): void {
    this.#usable = false;
    this.#stream.destroy();
  }
}

function averageOf(known: number | undefined, ms: number): number {
  return known === undefined ? ms : known + (ms - known) * COST_WEIGHT;
}

function toldBy(rows: readonly unknown[]): string | null {
  return (rows[0] as { readonly told: string | null } | undefined)?.told ?? null;
}

/** All answers; or the first failure by order, once all have come. */
async function allInOrder(sent: readonly Promise<StatementResult>[]): Promise<StatementResult[]> {
  await Promise.allSettled(sent);
  return Promise.all(sent);
}
