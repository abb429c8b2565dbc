/**
 * Transaction: the one place that every statement of every call passes, whoever built it.
 *
 * Model. It begins with the first statement: `begin` and the statement go out in one write, and the search path before
 * them where the session has another one, so the beginning costs no round trip. A call that asks nothing takes no
 * session. Statements that are sent without waiting for each other share round trips. A read-only transaction ends
 * without waiting for the answer to its `commit`: whoever uses the session next stands behind it.
 *
 * States. `new → open → ended`; `commit` and `rollback` move to `ended`, after which a statement is refused, because a
 * promise that nobody waited for must not write after the answer was given. The first failure is kept: a transaction in
 * which a statement failed never commits, whether or not the failure was caught.
 *
 * Alone. A query that makes one statement needs no transaction around it: the statement is its own, with one snapshot.
 * With `alone` the first statement is sent so, and the session is given back with its answer; a second one fails with
 * `NotAlone`, and the call is made again with a transaction. Only reads may be tried so, because what was asked alone
 * cannot be undone.
 *
 * Names of tables are resolved by `search_path`, set with the statement whenever the service changes (`call` of another
 * service), so hand-written SQL and Kysely read alike.
 */
import { escapeIdentifier } from "pg";
import type { Isolation } from "../define/endpoint.ts";
import type { Metrics } from "../observe/metrics.ts";
import { refusal } from "./control.ts";
import { errorCode, isStalePlan } from "./failures.ts";
import type { CallObserver } from "./observer.ts";
import { Outbox } from "./outbox.ts";
import type { Pool } from "./pool.ts";
import type { Cost, Session, Statement, StatementResult } from "./session.ts";

/** Different statements that are prepared by name; later ones are parsed each time. Bounds memory on both sides. */
export const PREPARED_MAX = 2_000;
/** Longer statements are not prepared: they come from loops, and no two are alike. */
export const PREPARED_CHARS_MAX = 10_000;
/** A statement that takes this long, in milliseconds, holds up nobody's read but its own. */
export const QUICK_MS = 20;
/** In whose name the platform's own statements are sent: they name their tables in full. */
const PLATFORM = "lineshaft";
/** SQLSTATE of a statement that was not tried, because one before it had failed. */
const ABORTED = "25P02";

export interface TransactionOptions {
  readonly isolation: Isolation;
  readonly readOnly: boolean;
  /** Whether the only statement is expected to be the first. Read-only transactions only. */
  readonly alone?: boolean;
  /** What to ask in the message of the commit: the number of the transaction, or a position that it is before. */
  readonly asks?: "xid" | "position" | null;
  /** Watches a read-only transaction. */
  readonly observer?: CallObserver | null;
}

/** Thrown for a second statement in a transaction that was expected to have one: make the call again. */
export class NotAlone extends Error {
  override readonly name = "NotAlone";
}

interface Prepared extends Cost {
  readonly name: string;
}

const prepared = new Map<string, Map<string, Prepared>>();
let preparedCount = 0;

/** How many statements have a name. */
export function preparedSize(): number {
  return preparedCount;
}

/** A statement's name, the same on every session, and what it costs; `undefined` beyond the bounds. */
function preparedOf(service: string, text: string): Prepared | undefined {
  let known = prepared.get(service);
  const found = known?.get(text);
  if (found !== undefined) return found;
  const refused = refusal(text);
  if (refused !== null) throw new Error(refused);
  if (preparedCount >= PREPARED_MAX || text.length > PREPARED_CHARS_MAX) return undefined;
  if (!known) prepared.set(service, (known = new Map()));
  const made: Prepared = { name: `ls_${preparedCount++}`, ms: undefined };
  known.set(text, made);
  return made;
}

function statementOf(text: string, values: unknown[], known: Prepared | undefined): Statement {
  const queryMode = "extended";
  return known ? { text, values, queryMode, name: known.name, cost: known } : { text, values, queryMode };
}

const paths = new Map<string, { readonly local: string; readonly session: string }>();

/** Sets the search path of a service, its own schema, then extensions: for a transaction, or for a session. */
function setPath(service: string): { readonly local: string; readonly session: string } {
  let texts = paths.get(service);
  if (texts === undefined) {
    const path = `search_path to ${escapeIdentifier(service)}, public`;
    paths.set(service, (texts = { local: `set local ${path}`, session: `set ${path}` }));
  }
  return texts;
}

export class CallTransaction {
  readonly #pool: Pool;
  readonly #metrics: Metrics;
  readonly #options: TransactionOptions;
  #state: "new" | "open" | "ended" = "new";
  #session: Promise<Session> | null = null;
  #held: Session | null = null;
  #path = "";
  #failure: unknown;
  #running = 0;
  #forgotten = false;
  #committing = false;
  #xid: number | null = null;
  #position: string | null = null;
  #outbox: Outbox | null = null;

  constructor(pool: Pool, metrics: Metrics, options: TransactionOptions) {
    this.#pool = pool;
    this.#metrics = metrics;
    this.#options = options;
  }

  /** What went wrong first; `undefined` when nothing did. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Whether the commit was sent: from then on only its answer tells whether the writes are there. */
  get committing(): boolean {
    return this.#committing;
  }

  /** The low 32 bits of its number, once it has committed; `null` when it wrote nothing, or was not asked. */
  get xid(): number | null {
    return this.#xid;
  }

  /** A position that its commit is before; `null` when that was not asked for. */
  get position(): string | null {
    return this.#position;
  }

  /** What goes out with the commit. Commands only. */
  get outbox(): Outbox {
    return (this.#outbox ??= new Outbox());
  }

  /** Whether it has something in its outbox. */
  get hasStated(): boolean {
    return this.#outbox !== null && !this.#outbox.isEmpty;
  }

  /** Whether it has asked something, so that it has a snapshot and holds a session. */
  get hasBegun(): boolean {
    return this.#state !== "new";
  }

  /** Keeps the transaction from committing, whatever was thrown. */
  spoil(error: unknown): void {
    if (this.#state !== "ended") this.#failure ??= error ?? new Error("A command failed, and threw nothing.");
  }

  /** Sends one statement as this service. Parameters travel apart from the text, always. */
  async statement(service: string, text: string, parameters: readonly unknown[]): Promise<StatementResult> {
    if (this.#state === "ended") throw over();
    if (this.#options.alone && this.#state === "open") throw (this.#failure ??= new NotAlone());
    const known = preparedOf(service, text);
    const statement = statementOf(text, parameters as unknown[], known);
    this.#state = "open";
    this.#running++;
    try {
      this.#metrics.statements.inc();
      if (this.#options.alone) return await this.#askAlone(service, statement);
      const session = this.#held ?? (await (this.#session ??= this.#pool.acquire(service)));
      this.#held = session;
      if (this.#isOver()) throw over();
      const send = () => this.#send(session, service, statement);
      return await (this.#options.observer ? this.#observed(session, service, statement, send) : send());
    } catch (error) {
      // Nobody listens any more: `run` has returned, and its caller is told that a statement was forgotten.
      if (this.#forgotten) return new Promise(() => {});
      if (error instanceof Error) Error.captureStackTrace(error);
      this.#failure ??= error;
      throw errorCode(error) === ABORTED ? this.#failure : error;
    } finally {
      this.#running--;
    }
  }

  /** The session is free with the answer. A statement that is known to be quick shares it with others like it. */
  async #askAlone(service: string, statement: Statement): Promise<StatementResult> {
    const ms = statement.cost?.ms;
    const shares = ms !== undefined && ms < QUICK_MS;
    const found = shares ? this.#pool.share(service) : this.#pool.acquire(service);
    const session = found instanceof Promise ? await found : found;
    try {
      if (this.#isOver()) throw over();
      session.enter(service, setPath(service).session);
      const send = () => (shares ? session.queryTogether(statement) : session.query(statement));
      return await (this.#options.observer ? this.#observed(session, service, statement, send) : send());
    } finally {
      this.#pool.release(session);
    }
  }

  /**
   * The snapshot that the observer is told is taken ahead of the first statement, by itself: what it contains, the
   * statement's own contains as well.
   */
  async #observed(
    session: Session,
    service: string,
    { text, values = [], name }: Statement,
    send: () => Promise<StatementResult>,
  ): Promise<StatementResult> {
    const { alone = false } = this.#options;
    const observer = this.#options.observer!;
    const snapshot = this.#path === "" ? session.snapshot() : null;
    // Both fail when the connection breaks, and only the statement's failure is waited for.
    snapshot?.catch(() => {});
    const result = await send();
    if (snapshot) observer.began(await snapshot);
    const ask = (question: string, parameters: readonly unknown[]) =>
      session.query({ text: question, values: parameters as unknown[], queryMode: "extended" });
    const { rows } = result;
    await observer.seen({ service, text, parameters: values, name, rows, isInTransaction: !alone, ask });
    return result;
  }

  /** Makes the writes durable and visible. Rejects when they are not, or when that cannot be known. */
  commit(): Promise<void> | undefined {
    // Who was given up may come here late: what waits for the commit must not be done then.
    if (this.#state === "ended") throw over();
    this.#forgotten = this.#running > 0;
    if (this.#forgotten)
      this.#failure ??= new Error("`run` returned before its statements did: await every statement.");
    if (this.#failure !== undefined) throw this.#failure;
    this.#state = "ended";
    this.#outbox?.close();
    if (this.#held) return this.#commitOn(this.#held);
    return this.hasStated ? this.#commitOutbox() : undefined;
  }

  /** A transaction that asked nothing itself, and has something to state. */
  async #commitOutbox(): Promise<void> {
    const session = await this.#pool.acquire(PLATFORM);
    return this.#commitWrites(session);
  }

  #commitOn(session: Session): Promise<void> | undefined {
    if (!this.#options.readOnly) return this.#commitWrites(session);
    session.endReading();
    this.#pool.release(session);
    return undefined;
  }

  async #commitWrites(session: Session): Promise<void> {
    this.#committing = true;
    const { asks = null } = this.#options;
    const { command, told } = await session.commit({ ...this.#outboxOn(session), asks }).catch((error) => {
      this.#failure ??= error;
      // Whether the transaction is over depends on what failed in it.
      void this.#undo(session);
      throw error;
    });
    this.#pool.release(session);
    // Postgres answers the commit of a failed transaction with ROLLBACK, not with an error.
    if (command !== "COMMIT") throw new Error("The transaction had failed, so nothing was committed.");
    if (asks === "position") this.#position = told;
    else if (told !== null) this.#xid = Number(BigInt.asUintN(32, BigInt(told)));
  }

  /** Undoes everything that was not committed. Never rejects, and nobody waits for it. */
  rollback(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#outbox?.close();
    if (isStalePlan(this.#failure)) this.#pool.renew();
    this.#session?.then(
      (session) => this.#undo(session),
      () => {},
    );
  }

  /** The session is free when its rollback is answered, and with it all that was sent before. */
  async #undo(session: Session): Promise<void> {
    if (this.#path === "") return this.#pool.release(session);
    try {
      await session.query({ text: "rollback" });
      this.#pool.release(session);
    } catch {
      this.#pool.release(session, true);
    }
  }

  /** What goes out with the commit; with what begins the transaction, where nothing has. */
  #outboxOn(session: Session): { readonly begin: string | null; readonly statements: readonly Statement[] } {
    const statements = (this.#outbox?.statements() ?? []).map(({ text, values }) =>
      statementOf(text, values, preparedOf(PLATFORM, text)),
    );
    if (this.#path !== "") return { begin: null, statements };
    session.enter(PLATFORM, setPath(PLATFORM).session);
    this.#path = PLATFORM;
    return { begin: this.#begin(), statements };
  }

  /** Begins, or moves to another service's tables, ahead of the statement. */
  #send(session: Session, service: string, statement: Statement): Promise<StatementResult> {
    if (this.#path === service) return session.query(statement);
    const begins = this.#path === "";
    if (begins) session.enter(service, setPath(service).session);
    this.#path = service;
    const onError = (error: unknown) => {
      this.#failure ??= error;
    };
    if (begins) return session.begin(this.#begin(), statement, onError);
    session.query({ text: setPath(service).local }).catch(onError);
    return session.query(statement);
  }

  #begin(): string {
    const { isolation, readOnly } = this.#options;
    return `begin isolation level ${isolation} ${readOnly ? "read only" : "read write"}`;
  }

  #isOver(): boolean {
    return this.#state === "ended";
  }
}

function over(): Error {
  return new Error("The call is over: await every statement before `run` returns.");
}
