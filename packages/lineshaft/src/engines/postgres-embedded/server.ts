/**
 * One running Postgres: started, supervised, stopped.
 *
 * States. `stopped → starting → running → stopping → stopped`, and when the server ends by itself
 * `running → restarting → running`, or `→ failed` when it has ended `RESTARTS_MAX` times within `RESTART_WINDOW_MS`.
 * Promises. A restarted server is reachable on the same socket with every committed change; connections are lost, so
 * clients reconnect. A `failed` server stays down and says so: something is wrong that a restart does not cure.
 * The server never keeps the process alive: a process with nothing else to do ends, and the watchdog stops the server.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Workshop } from "./cluster.ts";
import { readPostmaster } from "./data-folder.ts";
import { EmbeddedPostgresError } from "./errors.ts";
import type { ServerLog } from "./server-log.ts";

const READY_POLL_MS = 3;
/** Recovery after a crash replays at most `max_wal_size` and checkpoints: seconds, minutes on a slow disk. */
const READY_MS_MAX = 300_000;
const STOP_FAST_MS_MAX = 8_000;
const STOP_HARD_MS_MAX = 5_000;
const RESTARTS_MAX = 8;
const RESTART_WINDOW_MS = 60_000;
const RESTART_DELAY_MS = 50;
const RESTART_DELAY_MS_MAX = 5_000;

export interface ServerEvent {
  readonly kind: "restarted" | "crashed" | "log";
  readonly detail: string;
}

type State = "stopped" | "starting" | "running" | "restarting" | "stopping" | "failed";

export class Server {
  readonly #workshop: Workshop;
  readonly #args: readonly string[];
  readonly #log: ServerLog;
  readonly #onEvent: (event: ServerEvent) => void;
  #state: State = "stopped";
  #child: ChildProcess | undefined;
  #crashesAtMs: number[] = [];
  readonly #wake = new AbortController();
  #restarting: Promise<void> | undefined;

  constructor(workshop: Workshop, args: readonly string[], log: ServerLog, onEvent: (event: ServerEvent) => void) {
    this.#workshop = workshop;
    this.#args = args;
    this.#log = log;
    this.#onEvent = onEvent;
  }

  /** Process id of the server; while it restarts, of the last one. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when connections are accepted. @throws {EmbeddedPostgresError} POSTGRES_START_FAILED. */
  async start(): Promise<void> {
    this.#state = "starting";
    try {
      await this.#launch();
    } catch (error) {
      this.#state = "failed";
      throw error;
    }
    this.#nowRunning();
  }

  /** Fast shutdown, bounded; then an immediate one, which the next start recovers from. Idempotent. */
  async stop(): Promise<void> {
    this.#state = "stopping";
    this.#wake.abort();
    await this.#end();
    await this.#restarting;
    await this.#end();
    this.#state = "stopped";
  }

  async #launch(): Promise<void> {
    const { binaries, environment, identity, watchdog } = this.#workshop;
    const output = this.#log.descriptor;
    const logOffset = this.#log.size();
    const child = watchdog.start({
      program: binaries.postgres,
      args: this.#args,
      environment,
      identity,
      input: "ignore",
      output,
    });
    this.#child = child;
    child.on("error", () => {}); // No shell: `#untilReady` sees that there is no process.
    try {
      await this.#untilReady(child, logOffset);
    } catch (error) {
      await this.#end();
      throw error;
    }
    child.once("exit", () => this.#onExit(child));
    child.unref();
  }

  /** The server may have ended in the very instant that it was ready, before anybody listened for its exit. */
  #nowRunning(): void {
    this.#state = "running";
    const child = this.#child;
    if (child !== undefined && hasEnded(child)) this.#onExit(child);
  }

  /**
   * The server writes "ready" into its pid file: cheaper than to try a connection, and it needs no right to connect.
   */
  async #untilReady(child: ChildProcess, logOffset: number): Promise<void> {
    const deadline = Date.now() + READY_MS_MAX;
    while (true) {
      const seen = readPostmaster(this.#workshop.folder.data);
      if (seen?.pid === child.pid && seen?.isReady === true) return;
      if (hasEnded(child)) throw this.#startFailed(`ended with ${outcome(child)}`, logOffset);
      if (Date.now() > deadline) throw this.#startFailed(`was not ready within ${READY_MS_MAX} ms`, logOffset);
      await delay(READY_POLL_MS);
    }
  }

  #startFailed(what: string, logOffset: number): EmbeddedPostgresError {
    const tail = this.#log.tail(logOffset);
    const hint = tail.includes("No space left") ? " The disk is full: free some space and start again." : "";
    return new EmbeddedPostgresError(
      "POSTGRES_START_FAILED",
      `Postgres on "${this.#workshop.folder.data}" ${what}.${hint} The whole log is "${this.#log.path}"; its ` +
        `end:\n${tail}`,
    );
  }

  #onExit(child: ChildProcess): void {
    if (this.#state !== "running" || child !== this.#child) return;
    this.#state = "restarting";
    this.#restarting = this.#restart(`process ${child.pid} ended with ${outcome(child)}:\n${this.#log.tail()}`);
  }

  async #restart(reason: string): Promise<void> {
    let detail = reason;
    while (this.#state === "restarting") {
      const nowMs = Date.now();
      this.#crashesAtMs = [...this.#crashesAtMs.filter((atMs) => nowMs - atMs < RESTART_WINDOW_MS), nowMs];
      const count = this.#crashesAtMs.length;
      if (count > RESTARTS_MAX) {
        this.#state = "failed";
        this.#onEvent({
          kind: "crashed",
          detail: `given up after ${RESTARTS_MAX} restarts within ${RESTART_WINDOW_MS} ms; ${detail}`,
        });
        return;
      }
      this.#onEvent({ kind: "crashed", detail });
      if (!(await this.#pause(Math.min(RESTART_DELAY_MS * 2 ** (count - 1), RESTART_DELAY_MS_MAX)))) return;
      try {
        await this.#launch();
      } catch (error) {
        detail = error instanceof Error ? error.message : String(error);
        continue;
      }
      if (this.#state !== "restarting") return;
      this.#onEvent({ kind: "restarted", detail: `process ${this.pid} accepts connections` });
      this.#nowRunning();
      return;
    }
  }

  /** False when the server is to be stopped meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    try {
      await delay(ms, undefined, { signal: this.#wake.signal, ref: false });
      return true;
    } catch {
      return false;
    }
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.ref();
    const steps = [
      ["SIGINT", STOP_FAST_MS_MAX],
      ["SIGQUIT", STOP_HARD_MS_MAX],
      ["SIGKILL", STOP_HARD_MS_MAX],
    ] as const;
    for (const [name, timeoutMs] of steps) {
      if (hasEnded(child)) return;
      const timeout = AbortSignal.timeout(timeoutMs);
      const ended = once(child, "exit", { signal: timeout });
      child.kill(name);
      // `AbortSignal.timeout` does not keep the process alive, the referenced child does.
      await ended.catch(() => undefined);
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function outcome(child: ChildProcess): string {
  return child.signalCode ?? `exit code ${child.exitCode}`;
}
