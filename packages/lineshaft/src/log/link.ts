/**
 * Link: keeps one replication connection to the database alive, for as long as it takes.
 *
 * States. `starting → streaming ⇄ reconnecting`, `polling` while the database grants no stream (`obstacle.ts`),
 * `stopped` at the end. Only `#move` moves.
 * Model. `follow` gets an open connection to a server that can stream, makes or takes its slot, calls `live` when the
 * stream runs, and ends when the connection does. After an outage the next attempt comes after a pause that doubles
 * from `PAUSE_MS_MIN` to `PAUSE_MS_MAX`, spread at random. A database that grants no stream is asked again, too, with
 * pauses up to `POLLING_MS_MAX`: a grant is enough, and no restart is needed.
 * Logs. Each move is told once: `warn` for polling and for an outage, `info` for the rest.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "../data/connection.ts";
import type { Publication } from "../migrate/index.ts";
import type { Logger } from "../observe/log.ts";
import { connectObstacle, type LogServer, surveyServer } from "./obstacle.ts";
import { ReplicationSession } from "./replication.ts";

/** First and longest pause between two attempts. */
export const PAUSE_MS_MIN = 50;
export const PAUSE_MS_MAX = 10_000;
/** The longest pause until a database that grants no stream is asked again. */
export const POLLING_MS_MAX = 60_000;

export type LinkState = "starting" | "streaming" | "polling" | "reconnecting" | "stopped";

export interface LinkOptions {
  readonly connection: Connection;
  /** What the log and `pg_stat_activity` call it. */
  readonly name: string;
  readonly publications: readonly Publication[];
  readonly log: Logger;
  readonly random?: () => number;
}

/** What a link is for. */
export interface Follower {
  /** @param live  To be called when the stream runs. */
  follow(session: ReplicationSession, server: LogServer, live: () => void): Promise<void>;
  /** Told at each move. */
  onState(state: LinkState, reason: string): void;
}

/** That a stream ends with its app goes without saying; not so that there is none. */
const LEVELS: { readonly [state in LinkState]?: "warn" | "debug" } = {
  polling: "warn",
  reconnecting: "warn",
  stopped: "debug",
};

export class Link {
  readonly #options: LinkOptions;
  readonly #follower: Follower;
  readonly #ending = new AbortController();
  #state: LinkState = "starting";
  #session: ReplicationSession | null = null;
  #running: Promise<void> | null = null;
  #pauseMs = PAUSE_MS_MIN;

  constructor(options: LinkOptions, follower: Follower) {
    this.#options = options;
    this.#follower = follower;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Begins; returns at once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the stream and waits until the server has let go of it. Idempotent. */
  async close(): Promise<void> {
    this.#move("stopped", "the app stops");
    // What is waited for in an opening or a pause keeps no process alive: nobody but us would end it.
    this.#ending.abort();
    await this.#session?.end();
    await this.#running;
  }

  /** Ends a stream that cannot be trusted any more; the next attempt finds out what is the matter. */
  async renew(reason: string): Promise<void> {
    if (this.#state !== "streaming") return;
    this.#move("reconnecting", reason);
    await this.#session?.end();
  }

  /** Waits, less when it is closed meanwhile. */
  async pause(waitMs: number): Promise<void> {
    await delay(waitMs, undefined, { ref: false, signal: this.#ending.signal }).catch(() => {});
  }

  async #run(): Promise<void> {
    while (this.#state !== "stopped") {
      const obstacle = await this.#attempt();
      if (this.#isStopped()) return;
      if (obstacle !== null) this.#move("polling", obstacle);
      const spread = 0.5 + (this.#options.random ?? Math.random)() / 2;
      this.#pauseMs = Math.min(this.#pauseMs, obstacle === null ? PAUSE_MS_MAX : POLLING_MS_MAX);
      await this.pause(this.#pauseMs * spread);
      this.#pauseMs *= 2;
    }
  }

  /** One connection from its beginning to its end; gives what keeps the database from streaming, or null. */
  async #attempt(): Promise<string | null> {
    const { connection, name, publications } = this.#options;
    let session: ReplicationSession;
    try {
      session = await ReplicationSession.open(connection, name, this.#ending.signal);
    } catch (error) {
      return connectObstacle(error) ?? this.#outage(error);
    }
    this.#session = session;
    try {
      if (this.#isStopped()) return null;
      const found = await surveyServer(session, publications);
      if (typeof found === "string") return found;
      await this.#follower.follow(session, found, () => this.#live());
      return null;
    } catch (error) {
      return this.#outage(error);
    } finally {
      this.#session = null;
      await session.end();
    }
  }

  #live(): void {
    this.#pauseMs = PAUSE_MS_MIN;
    this.#move("streaming", "the stream runs");
  }

  #outage(error: unknown): null {
    if (this.#isStopped()) return null;
    this.#options.log.debug({ err: error }, `${this.#options.name}: no stream`);
    this.#move("reconnecting", error instanceof Error ? error.message : String(error));
    return null;
  }

  #isStopped(): boolean {
    return this.#state === "stopped";
  }

  #move(state: LinkState, reason: string): void {
    if (this.#state === state || this.#state === "stopped") return;
    this.#state = state;
    const { log, name } = this.#options;
    log[LEVELS[state] ?? "info"]({ state, reason }, `${name}: ${state}`);
    this.#follower.onState(state, reason);
  }
}
