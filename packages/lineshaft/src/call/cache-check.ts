/**
 * Cache check: works answers out again that this node keeps, and tells whether one is older than it may be (QRY-2).
 *
 * Model. A sample is drawn of what is kept, without a trace in the cache. Each answer is run again past the cache, as
 * it was asked, and compared byte by byte. One that differs is not stale yet: the change may be on its way. So the end
 * of the log is asked for *behind* the run, where every commit that its snapshot contains is before it: asked for ahead
 * of the run, a commit in between would accuse the cache falsely. Once the relay has told all up to there, the answer
 * is looked at again: gone, it had `changed`; still kept, it is `stale`.
 *
 * Outcomes. `equal`; `reordered`: the same rows in another order, which a statement without `order by` may give;
 * `changed`; `stale`; `unsettled`: it differs, and the time was over before the relay came so far; `failed`: it could
 * not be worked out. Not looked at: answers with a life, which may be old by their own rule; recognized callers.
 * Limits. `SAMPLES_MAX`, `SECONDS_MAX`, `RUNS_MAX` at a time. The check ends when its time is over or its asker is
 * gone; a run that is under way then ends behind it.
 * What it tells holds names of endpoints and numbers: never an input, an answer or an actor.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Cache } from "../cache/index.ts";
import { ERRORS, type ErrorCode, Fault } from "../define/errors.ts";
import { parsePosition } from "../log/position.ts";
import type { Relay, RelayState } from "../log/relay.ts";
import type { Logger } from "../observe/log.ts";
import type { Asked, KeptAnswer } from "./answers.ts";
import { type CallRuntime, runCall } from "./run.ts";

/** Answers of one check, and when nothing is said. */
export const SAMPLES_MAX = 10_000;
export const SAMPLES = 200;
/** How long one check may take, and when nothing is said. */
export const SECONDS_MAX = 50;
export const SECONDS = 10;
/** Runs at a time: a check must not be felt. */
const RUNS_MAX = 2;

export interface CheckOptions {
  readonly samples: number;
  /** Ends the check. */
  readonly signal: AbortSignal;
}

/** What a check has found. */
export interface CacheReport {
  readonly relay: RelayState | "off";
  /** Everything that is kept, when the check began. */
  readonly kept: number;
  /** What of it is never checked. */
  readonly skipped: { readonly withLife: number; readonly callers: number };
  readonly checked: number;
  readonly equal: number;
  readonly changed: number;
  readonly unsettled: number;
  readonly failed: number;
  readonly reordered: Named;
  readonly stale: Named;
  /** The longest that an answer was seen to be kept after the database had given another one; 0: never. */
  readonly worstStaleMs: number;
}

/** How many, by the name of the endpoint. */
export type Named = Readonly<Record<string, number>>;

type Outcome = "equal" | "reordered" | "changed" | "stale" | "unsettled" | "failed";

interface Sample {
  readonly key: string;
  readonly kept: KeptAnswer;
  readonly asked: Asked;
}

interface Verdict {
  readonly outcome: Outcome;
  readonly staleMs: number;
}

export interface CacheCheckOptions {
  readonly cache: Cache | null;
  readonly relay: Relay | null;
  readonly runtime: CallRuntime;
  readonly log: Logger;
  readonly clock: () => Date;
}

export class CacheCheck {
  readonly #options: CacheCheckOptions;

  constructor(options: CacheCheckOptions) {
    this.#options = options;
  }

  /** Checks once. Resolves when it is over; `ended` when nothing of it is under way any more. Never rejects. */
  run({ samples, signal }: CheckOptions): { readonly report: Promise<CacheReport>; readonly ended: Promise<void> } {
    const tally = new Tally();
    const drawn = this.#draw(samples, tally);
    const worker = async () => {
      for (let sample = drawn.pop(); sample !== undefined && !signal.aborted; sample = drawn.pop()) {
        // Gone before its turn: there is nothing to compare.
        if (this.#options.cache!.peek(sample.key) === sample.kept)
          this.#note(tally, sample, await this.#judge(sample, signal));
      }
    };
    const ended = Promise.all(Array.from({ length: RUNS_MAX }, worker)).then(() => {});
    const relay = this.#options.relay?.state ?? "off";
    // What waited for the relay when the time was over counts, too.
    const cut = over(signal).then(() => nextTurn());
    return { report: Promise.race([ended, cut]).then(() => tally.report(relay)), ended };
  }

  /** Draws answers, each as likely as any other, and counts what is kept. */
  #draw(samples: number, tally: Tally): Sample[] {
    const drawn: Sample[] = [];
    let seen = 0;
    for (const [key, value] of this.#options.cache?.entries() ?? []) {
      const asked = askedOf(value);
      tally.see(asked);
      if (!asked) continue;
      const place = seen < samples ? seen : Math.floor(this.#options.runtime.random() * (seen + 1));
      if (place < samples) drawn[place] = { key, kept: value as KeptAnswer, asked };
      seen++;
    }
    return drawn;
  }

  #note(tally: Tally, { asked }: Sample, verdict: Verdict): void {
    const { runtime, log } = this.#options;
    tally.note(asked.name, verdict);
    runtime.metrics.cacheChecked.inc({ outcome: verdict.outcome });
    if (verdict.outcome === "stale") log.error({ endpoint: asked.name }, "an answer is kept that is out of date");
  }

  async #judge(sample: Sample, signal: AbortSignal): Promise<Verdict> {
    const { cache, relay, runtime } = this.#options;
    const { key, kept, asked } = sample;
    const again = await this.#runAgain(asked, signal);
    const differsMs = performance.now();
    if (again === "failed" || signal.aborted) return { outcome: "failed", staleMs: 0 };
    if (again !== null && isEqual(kept, again)) return { outcome: "equal", staleMs: 0 };
    const isKept = () => cache!.peek(key) === kept;
    if (!isKept()) return { outcome: "changed", staleMs: 0 };
    const isTold = await this.#untilTold(runtime, relay!, signal);
    const staleMs = performance.now() - differsMs;
    if (!isKept()) return { outcome: "changed", staleMs };
    if (again !== null && isReordered(kept, again)) return { outcome: "reordered", staleMs: 0 };
    return { outcome: isTold ? "stale" : "unsettled", staleMs };
  }

  /** The answer now; `null` for one that is refused now. */
  async #runAgain({ endpoint, name, input, actor, origin, output }: Asked, signal: AbortSignal) {
    const { runtime, log, clock } = this.#options;
    const facts = { origin, address: "127.0.0.1", headers: {}, id: "cache check" };
    const isAuthorized = true;
    const call = { endpoint, name, input, actor, facts, now: clock(), log, signal: () => signal, isAuthorized };
    try {
      const { value, headers } = await runCall(runtime, call);
      return { body: output.write(value), entries: headers };
    } catch (error) {
      const isAnswer = error instanceof Fault && (ERRORS[error.code as ErrorCode]?.retry ?? "never") === "never";
      return isAnswer ? null : "failed";
    }
  }

  /** Whether the relay has told everything that is committed by now. */
  async #untilTold({ pool }: CallRuntime, relay: Relay, signal: AbortSignal): Promise<boolean> {
    try {
      const end = parsePosition(await pool.position());
      return await Promise.race([relay.waitFor(end, SECONDS_MAX * 1_000), over(signal).then(() => false)]);
    } catch {
      return false;
    }
  }
}

/** Counts what comes out. */
class Tally {
  #kept = 0;
  #withLife = 0;
  #callers = 0;
  #worstStaleMs = 0;
  readonly #counts: Record<Outcome, number> = { equal: 0, reordered: 0, changed: 0, stale: 0, unsettled: 0, failed: 0 };
  readonly #named: Record<"reordered" | "stale", Record<string, number>> = { reordered: {}, stale: {} };

  see(asked: Asked | null | undefined): void {
    this.#kept++;
    if (asked === null) this.#withLife++;
    if (asked === undefined) this.#callers++;
  }

  note(name: string, { outcome, staleMs }: Verdict): void {
    this.#counts[outcome]++;
    this.#worstStaleMs = Math.max(this.#worstStaleMs, staleMs);
    if (outcome !== "reordered" && outcome !== "stale") return;
    const named = this.#named[outcome];
    named[name] = (named[name] ?? 0) + 1;
  }

  report(relay: CacheReport["relay"]): CacheReport {
    const { equal, changed, unsettled, failed } = this.#counts;
    return {
      relay,
      kept: this.#kept,
      skipped: { withLife: this.#withLife, callers: this.#callers },
      checked: Object.values(this.#counts).reduce((sum, count) => sum + count, 0),
      ...{ equal, changed, unsettled, failed },
      reordered: { ...this.#named.reordered },
      stale: { ...this.#named.stale },
      worstStaleMs: Math.round(this.#worstStaleMs),
    };
  }
}

/** How an answer was asked for: `null` when it has a life, `undefined` for what is no answer. */
function askedOf(value: unknown): Asked | null | undefined {
  return typeof value === "object" && value !== null ? (value as Partial<KeptAnswer>).asked : undefined;
}

function isEqual(kept: KeptAnswer, again: { readonly body: string; readonly entries: KeptAnswer["entries"] }): boolean {
  return String(kept.body) === again.body && JSON.stringify(kept.entries) === JSON.stringify(again.entries);
}

function isReordered({ body }: KeptAnswer, again: { readonly body: string }): boolean {
  try {
    return unordered(JSON.parse(String(body))) === unordered(JSON.parse(again.body));
  } catch {
    return false;
  }
}

/** A text that is the same for values that differ in the order of their lists only. */
function unordered(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(unordered).sort().join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${unordered(member)}`);
  return `{${members.join()}}`;
}

function over(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
