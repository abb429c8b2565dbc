/**
 * Pool: a bounded set of sessions, and the knowledge whether the database answers.
 *
 * States. `up ⇄ down`. A session that cannot be opened, or one that stops answering, moves it to `down`: whoever waits
 * and whoever comes is refused at once with `DATABASE_UNAVAILABLE`, while one probe at a time, with growing pauses,
 * looks whether the database is back; the session that the probe opened is the first of the new ones.
 * Waiting for a free session is bounded in time (`WAIT_MS`) and in number (`WAITERS_MAX`): beyond, `DATABASE_BUSY`.
 *
 * Quick reads that need no transaction share sessions (`share`): the driver pipelines, and each is a statement of its
 * own.
 * A session may be given back while its last `commit` is under way, because what is sent next stands behind it. One
 * timer watches all sessions for answers that are overdue and for those that nobody needs: calls set no timers.
 *
 * Safety. Sessions are read-only by default, and only a transaction that says otherwise writes: should a `begin` ever
 * fail, the statement behind it cannot change anything on its own.
 */
import type pg from "pg";
import { type Fault, fault } from "../define/errors.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type Connection, clientConfig } from "./connection.ts";
import { errorCode, RETRY_AFTER_SECONDS } from "./failures.ts";
import { Queue } from "./queue.ts";
import { Session } from "./session.ts";

export { type Connection, clientConfig };

/** Sessions of one node. Few and pipelined beat many: see `docs/ARCHITECTURE.md`. */
export const POOL_SIZE = 10;
/** How long a call waits for a free session. */
export const WAIT_MS = 5_000;
/** How many calls may wait. */
export const WAITERS_MAX = 2_000;
/** How many quick reads go out in one write: they run one after the other, so more would leave sessions idle. */
const TOGETHER_MAX = 4;
/** How many quick reads may be under way on one session. */
const SHARED_MAX = 8;
/** How long one statement may run. */
export const STATEMENT_MS = 15_000;
/** How long one statement may wait for a lock. */
export const LOCK_MS = 5_000;
/** How long a transaction may do nothing. */
export const IDLE_TRANSACTION_MS = 30_000;
/** How long an answer may be on its way after the server must have ended the statement. */
const ANSWER_GRACE_MS = 2_000;
/** A session that nobody used for so long is closed. */
const IDLE_MS = 60_000;
/** How often sessions are looked at. */
const WATCH_MS = 500;
/** How long the end waits for calls that are under way. */
const END_MS = 5_000;
/** First and longest pause between two probes of a database that is down. */
const PROBE_MS_MIN = 50;
const PROBE_MS_MAX = 1_000;
/** SQLSTATE of a server whose own limit of connections is reached. */
const TOO_MANY_CONNECTIONS = "53300";

export interface PoolOptions {
  readonly connection: Connection;
  readonly metrics: Metrics;
  readonly size?: number;
  readonly waitMs?: number;
  readonly statementMs?: number;
  readonly lockMs?: number;
  /** Settings of the server for its sessions, beside the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told once at each move between up and down. */
  readonly onState?: (state: "up" | "down", error?: unknown) => void;
}

/** What a statement outside of a transaction is: a read with one snapshot. */
const DEFAULTS = "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read";

function settingsOf({ settings = {} }: PoolOptions): string {
  return Object.entries(settings)
    .map(([name, value]) => ` -c ${name}=${value}`)
    .join("");
}

interface Waiter {
  readonly service: string;
  /** Whether others may use the session at the same time. */
  readonly shares: boolean;
  readonly resolve: (session: Session) => void;
  readonly reject: (error: Fault) => void;
  readonly timer: NodeJS.Timeout;
}

export class Pool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #config: pg.ClientConfig;
  readonly #size: number;
  readonly #answerMs: number;
  readonly #sessions = new Set<Session>();
  /** In the order in which they came. */
  readonly #waiters = new Queue<Waiter>();
  readonly #watch: NodeJS.Timeout;
  #idle: Session[] = [];
  /** The session that got the last read which shares. */
  #lastShared: Session | undefined;
  #opening = 0;
  #generation = 0;
  #state: "up" | "down" = "up";
  #probe: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#size = options.size ?? POOL_SIZE;
    const statementMs = options.statementMs ?? STATEMENT_MS;
    this.#answerMs = statementMs + ANSWER_GRACE_MS;
    this.#config = {
      ...clientConfig(options.connection, "lineshaft", DEFAULTS + settingsOf(options)),
      statement_timeout: statementMs,
      lock_timeout: options.lockMs ?? LOCK_MS,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
    };
    this.#watch = setInterval(() => this.#look(), WATCH_MS).unref();
    options.metrics.databaseUp.set(1);
  }

  get state(): "up" | "down" {
    return this.#state;
  }

  /**
   * Takes a session out of the pool; `release` gives it back. One that this service used last is preferred.
   *
   * @throws {Fault} DATABASE_UNAVAILABLE at once while the database is down; DATABASE_BUSY when none is free in time.
   */
  async acquire(service = ""): Promise<Session> {
    return this.#takeIdle(service) ?? this.#wait(service, false);
  }

  /**
   * Takes a session for one quick read that needs no transaction: reads of the same turn of the event loop go out in
   * one write, and where no session is free, behind the reads of others. Those who wait for a session come first.
   *
   * @throws {Fault} as `acquire` does.
   */
  share(service: string): Session | Promise<Session> {
    const session = this.#waiters.size > 0 ? undefined : this.#sharedFor(service);
    return session ?? this.#wait(service, true);
  }

  #sharedFor(service: string): Session | undefined {
    const last = this.#lastShared;
    if (last?.gathers && takesAnother(last, service, TOGETHER_MAX)) return this.#lend(last, service);
    const idle = this.#takeIdle(service);
    if (idle) {
      idle.holders = 0;
      return this.#lend(idle, service);
    }
    let least: Session | undefined;
    for (const session of this.#sessions) {
      if (takesAnother(session, service, SHARED_MAX) && session.holders < (least?.holders ?? SHARED_MAX))
        least = session;
    }
    return least && this.#lend(least, service);
  }

  #lend(session: Session, service: string): Session {
    session.holders++;
    session.sharedBy = service;
    this.#lastShared = session;
    return session;
  }

  #wait(service: string, shares: boolean): Promise<Session> {
    if (this.#waiters.size >= WAITERS_MAX) throw busy(`${WAITERS_MAX} calls wait already`);
    return new Promise((resolve, reject) => {
      const { waitMs = WAIT_MS } = this.#options;
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(busy("none was free in time"));
      }, waitMs);
      const waiter: Waiter = { service, shares, resolve, reject, timer };
      this.#waiters.push(waiter);
      this.#fill();
    });
  }

  /** Gives a session back. One whose transaction may still be open is `broken`, and is closed. */
  release(session: Session, broken = false): void {
    if (broken) session.destroy();
    if (--session.holders > 0) return;
    session.sharedBy = null;
    if (broken || !session.usable || this.#ended || session.generation !== this.#generation)
      this.#drop(session, broken);
    else this.#offer(session);
  }

  /** Lets go of all sessions as they become free: what they have prepared, or whom they talk to, is out of date. */
  renew(): void {
    this.#generation++;
    for (const session of this.#idle.splice(0)) this.#drop(session, false);
  }

  /** A position that every commit so far is before. */
  async position(): Promise<string> {
    const session = await this.acquire();
    try {
      return await session.position();
    } finally {
      this.release(session);
    }
  }

  /** One round trip; for readiness. */
  async ping(): Promise<void> {
    const session = await this.acquire();
    try {
      await session.query({ text: "select 1" });
      this.release(session);
    } catch (error) {
      this.release(session, true);
      throw unavailable(error);
    }
  }

  /** Copies the sizes of the pool into the metrics. */
  measure(): void {
    const { metrics } = this.#options;
    metrics.poolConnections.set({ state: "idle" }, this.#idle.length);
    metrics.poolConnections.set({ state: "busy" }, this.#sessions.size - this.#idle.length);
    metrics.poolWaiting.set(this.#waiters.size);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    await null; // `#ended` is set from here on.
    clearTimeout(this.#probe);
    clearInterval(this.#watch);
    this.#refuseWaiters(unavailable());
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    for (const session of this.#idle.splice(0)) this.#drop(session, false);
    if (this.#sessions.size === 0) return;
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, END_MS);
    await emptied;
    clearTimeout(timer);
  }

  #takeIdle(service: string): Session | undefined {
    if (this.#ended || this.#state === "down") throw unavailable();
    for (let session = this.#popIdle(service); session; session = this.#popIdle(service)) {
      if (!session.usable) continue;
      session.holders = 1;
      return session;
    }
    return undefined;
  }

  #popIdle(service: string): Session | undefined {
    const last = this.#idle.at(-1);
    if (!last || last.path === service) return this.#idle.pop();
    const index = this.#idle.findLastIndex((session) => session.path === service);
    return index < 0 ? this.#idle.pop() : this.#idle.splice(index, 1)[0];
  }

  /** Gives a free session to who waits longest, and with a read to those behind it that can share. */
  #offer(session: Session): void {
    const waiter = this.#waiters.shift();
    if (!waiter) {
      session.idleSinceMs = performance.now();
      this.#idle.push(session);
      return;
    }
    session.holders = 1;
    give(waiter, session);
    if (!waiter.shares) return;
    session.sharedBy = waiter.service;
    this.#lastShared = session;
    for (let next = this.#waiters.first; next?.shares; next = this.#waiters.first) {
      if (!takesAnother(session, next.service, TOGETHER_MAX)) return;
      this.#waiters.shift();
      give(next, this.#lend(session, next.service));
    }
  }

  #drop(session: Session, broken: boolean): void {
    if (broken) session.destroy();
    else void session.end();
  }

  /** Opens sessions while there are more waiting than being opened. */
  #fill(): void {
    while (this.#waiters.size > this.#opening && this.#sessions.size + this.#opening < this.#size) void this.#open();
  }

  async #open(): Promise<boolean> {
    this.#opening++;
    try {
      const session = await Session.open(this.#config, this.#generation, (lost) => this.#lost(lost));
      this.#opening--;
      this.#sessions.add(session);
      if (this.#ended) this.#drop(session, true);
      else {
        this.#up();
        this.#offer(session);
      }
      return true;
    } catch (error) {
      this.#opening--;
      this.#openFailed(error);
      return false;
    }
  }

  /** A server that has no connection left is alive: whoever waits gets one of those that we have, or is told. */
  #openFailed(error: unknown): void {
    if (this.#ended) return;
    if (errorCode(error) !== TOO_MANY_CONNECTIONS) this.#down(error);
    else if (this.#sessions.size === 0 && this.#opening === 0) this.#refuseWaiters(busy("the server has none left"));
  }

  #lost(session: Session): void {
    this.#sessions.delete(session);
    this.#idle = this.#idle.filter((each) => each !== session);
    if (this.#ended && this.#sessions.size === 0) this.#emptied?.();
    if (!this.#ended && this.#state === "up") this.#fill();
  }

  #refuseWaiters(error: Fault): void {
    for (const waiter of this.#waiters.drain()) {
      clearTimeout(waiter.timer);
      waiter.reject(error);
    }
  }

  #look(): void {
    const nowMs = performance.now();
    for (const session of this.#idle) {
      if (nowMs - session.idleSinceMs > IDLE_MS) this.#drop(session, false);
    }
    this.#idle = this.#idle.filter((session) => session.usable);
    for (const session of this.#sessions) {
      if (!session.isOverdue(nowMs, this.#answerMs)) continue;
      // After a long pause of this process the answer may lie in the socket, unread: it comes before `setImmediate`.
      setImmediate(() => {
        if (!session.isOverdue(nowMs, this.#answerMs)) return;
        session.destroy();
        this.renew();
        this.#down(new Error("The database stopped answering."));
      });
    }
  }

  #down(error: unknown): void {
    if (this.#state === "down" || this.#ended) return;
    this.#state = "down";
    this.#options.metrics.databaseUp.set(0);
    this.#options.onState?.("down", error);
    this.#refuseWaiters(unavailable(error));
    this.#probeAfter(PROBE_MS_MIN);
  }

  #probeAfter(pauseMs: number): void {
    const probe = async () => {
      const answers = await this.#open();
      if (!answers && this.#state === "down" && !this.#ended) this.#probeAfter(Math.min(pauseMs * 2, PROBE_MS_MAX));
    };
    this.#probe = setTimeout(() => void probe(), pauseMs).unref();
  }

  #up(): void {
    if (this.#state === "up") return;
    clearTimeout(this.#probe);
    this.#state = "up";
    this.#options.metrics.databaseUp.set(1);
    this.#options.onState?.("up");
  }
}

function takesAnother(session: Session, service: string, holdersMax: number): boolean {
  return session.sharedBy === service && session.holders < holdersMax && session.usable;
}

function give(waiter: Waiter, session: Session): void {
  clearTimeout(waiter.timer);
  waiter.resolve(session);
}

function unavailable(cause?: unknown): Fault {
  return fault("DATABASE_UNAVAILABLE", {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    ...(cause === undefined ? {} : { cause }),
  });
}

function busy(why: string): Fault {
  return fault("DATABASE_BUSY", {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    detail: `No database connection: ${why}.`,
  });
}
