/** Load: callers who transfer, count, read and plan on random nodes, and write down how each call ended. */
import { setTimeout as pause } from "node:timers/promises";
import type { FleetNode, Reply } from "./fleet.ts";
import type { History, Outcome } from "./history.ts";
import { pick } from "./random.ts";

export const ACCOUNTS = 48;
export const BALANCE = 1_000_000;
export const COUNTERS = 16;
const AMOUNT_MAX = 100;
/** A caller gives up after this; what it asked for may happen all the same. */
const CALL_MS = 3_000;
/** What a caller thinks between two calls, on average. */
const THINK_MS = 60;
const LATER_MS_MAX = 6_000;
/** Letters that nobody can read are rare. */
const POISON_MAX = 12;

export const counterName = (number: number): string => `c${number}`;

export interface LoadOptions {
  readonly nodes: readonly FleetNode[];
  readonly history: History;
  readonly random: () => number;
  readonly callers: number;
  /** Callers see what they saw first: the canary of reads. */
  readonly isForgetful: boolean;
}

interface Ended {
  readonly outcome: Outcome;
  readonly reply: Reply | null;
}

export class Load {
  readonly #callers: Promise<void>[];
  #isOver = false;
  #poisons = 0;

  constructor(options: LoadOptions) {
    this.#callers = Array.from({ length: options.callers }, (_, index) => new Caller(this, options, index).run());
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  mayPoison(): boolean {
    return this.#poisons++ < POISON_MAX;
  }

  /** Ends when all calls have. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
  }
}

class Caller {
  readonly #load: Load;
  readonly #options: LoadOptions;
  readonly #index: number;
  /** The newest value of each counter that this caller was told to have written. */
  readonly #written = new Map<string, number>();
  readonly #first = new Map<string, number>();
  readonly #planned: string[] = [];
  #position: string | undefined;
  #count = 0;

  constructor(load: Load, options: LoadOptions, index: number) {
    this.#load = load;
    this.#options = options;
    this.#index = index;
  }

  async run(): Promise<void> {
    const { random } = this.#options;
    if (this.#index === 0) await this.#poison();
    while (!this.#load.isOver) {
      const chance = random();
      if (chance < 0.4) await this.#increase();
      else if (chance < 0.65) await this.#transfer();
      else if (chance < 0.93) await this.#read();
      else if (chance < 0.98) await this.#planLater();
      else if (chance < 0.997) await this.#forget();
      else await this.#poison();
      await pause(random() * 2 * THINK_MS);
    }
  }

  async #ask(method: string, path: string, body: object = {}): Promise<Ended> {
    const { nodes, random } = this.#options;
    const alive = nodes.filter((each) => each.isAlive);
    const node = pick(alive.length > 0 ? alive : nodes, random);
    try {
      const given = method === "POST" ? { body } : {};
      const reply = await node.ask(method, path, { position: this.#position, timeoutMs: CALL_MS, ...given });
      const isDone = reply.status < 300;
      if (isDone && reply.position !== undefined) this.#position = newest(this.#position, reply.position);
      return { reply, outcome: isDone ? "done" : reply.status < 500 ? "refused" : "unknown" };
    } catch (error) {
      // Nobody listened: nothing was sent.
      const isUnsent = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
      return { reply: null, outcome: isUnsent ? "refused" : "unknown" };
    }
  }

  #newName(): string {
    return `${this.#index}-${++this.#count}`;
  }

  async #transfer(): Promise<void> {
    const { random, history } = this.#options;
    const id = this.#newName();
    const source = Math.floor(random() * ACCOUNTS);
    const target = (source + 1 + Math.floor(random() * (ACCOUNTS - 1))) % ACCOUNTS;
    const amount = 1 + Math.floor(random() * AMOUNT_MAX);
    const { outcome } = await this.#ask("POST", "/transfers", { id, source, target, amount });
    history.add({ kind: "transfer", id, outcome });
  }

  async #increase(): Promise<void> {
    const { random, history } = this.#options;
    const counter = counterName(Math.floor(random() * COUNTERS));
    const { outcome, reply } = await this.#ask("POST", `/counters/${counter}`);
    const value = outcome === "done" ? (reply!.body as { value: number }).value : null;
    if (value !== null) this.#written.set(counter, Math.max(value, this.#written.get(counter) ?? 0));
    history.add({ kind: "increase", counter, outcome, value });
  }

  async #read(): Promise<void> {
    const { random, history, isForgetful } = this.#options;
    const counter = counterName(Math.floor(random() * COUNTERS));
    const least = this.#written.get(counter) ?? 0;
    const { outcome, reply } = await this.#ask("GET", `/counters/${counter}`);
    if (outcome !== "done") return;
    const { value } = reply!.body as { value: number };
    if (!this.#first.has(counter)) this.#first.set(counter, value);
    history.add({ kind: "read", counter, least, seen: isForgetful ? this.#first.get(counter)! : value });
  }

  async #planLater(): Promise<void> {
    const { random, history } = this.#options;
    const name = this.#newName();
    const { outcome } = await this.#ask("POST", `/later/${name}`, { inMs: Math.floor(random() * LATER_MS_MAX) });
    if (outcome === "done") this.#planned.push(name);
    history.add({ kind: "later", name, outcome });
  }

  async #forget(): Promise<void> {
    const name = this.#planned.pop();
    if (name === undefined) return;
    const { outcome, reply } = await this.#ask("DELETE", `/later/${name}`);
    const isCancelled = outcome === "done" && (reply!.body as { isCancelled: boolean }).isCancelled;
    this.#options.history.add({ kind: "forget", name, outcome, isCancelled });
  }

  async #poison(): Promise<void> {
    if (!this.#load.mayPoison()) return;
    const key = this.#newName();
    const { outcome } = await this.#ask("POST", `/poison/${key}`);
    this.#options.history.add({ kind: "poison", key, outcome });
  }
}

/** `0/16B3748` as a number. */
function positionOf(text: string): bigint {
  const [high, low] = text.split("/").map((part) => BigInt(`0x${part}`)) as [bigint, bigint];
  return (high << 32n) | low;
}

function newest(known: string | undefined, told: string): string {
  return known === undefined || positionOf(told) > positionOf(known) ? told : known;
}
