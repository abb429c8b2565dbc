/**
 * Group: all subscribers of one question, and the one run that answers them all.
 *
 * States. `idle → queued → running → idle`. Touched while it waits or runs, it runs once more afterwards, never twice
 * at a time: under load, changes come together and the newest answer wins.
 *
 * When it runs again: a heard commit touches what the last run read; where that is not all that it depends on, also
 * after a while: `UNHEARD_MS` without the log, `UNCACHEABLE_MS` (or the life that the query gives its answers) for what
 * depends on more than rows; and when a failure may have passed.
 *
 * Order. Runs follow each other, so their snapshots do. An answer carries the position that was heard when its run
 * began. Should a commit that was heard be missing from its snapshot, the answer goes out with a position before that
 * commit, and the next run follows: constant change holds nobody up.
 */
import type { Cache, Fill, Watch } from "../cache/index.ts";
import { ERRORS, type ErrorCode, Fault } from "../define/errors.ts";
import type { Commit } from "../log/changes.ts";
import type { Position } from "../log/position.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Answer } from "./answer.ts";
import type { Question } from "./question.ts";
import type { Membership, Subscription } from "./subscription.ts";

/** How often a question is asked while the log is not heard. */
export const UNHEARD_MS = 1_000;
/** How often a question is asked whose answer depends on more than rows, unless its query says `cache: { seconds }`. */
export const UNCACHEABLE_MS = 5_000;
/** The first pause after a failure that may pass; it doubles, up to the longest. */
export const RETRY_MS = 100;
export const RETRY_MS_MAX = 5_000;
/** The longest pause after a run that lacked a commit which was heard. */
export const OVERTAKEN_MS_MAX = 64;

/** What a group needs of the engine. */
export interface GroupHost {
  readonly cache: Cache | null;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** What this node has heard. */
  readonly position: Position;
  /** Has the group run when there is room. */
  enqueue(group: Group): void;
  /** Its members turned out to have other questions. */
  regroup(group: Group): void;
  forget(group: Group): void;
}

type Outcome = { readonly body: string } | { readonly error: unknown };

export class Group implements Membership {
  readonly key: string;
  readonly #host: GroupHost;
  readonly #members = new Set<Subscription>();
  /** Whose turn it is when it runs: that of its caller, or its own once there were several. */
  #turn: string;
  #state: "idle" | "queued" | "running" = "idle";
  #isDirty = false;
  /** Whether something was heard since the newest answer that could alter it, or may have been. */
  #isTouched = false;
  #newest: Answer | null = null;
  #watch: Watch | null = null;
  /** Whether the answer depends on more than rows. */
  #ages = false;
  #timer: NodeJS.Timeout | null = null;
  #runs = 0;
  #failures = 0;
  #overtakes = 0;
  /** When the oldest change was made that its subscribers have not been told. */
  #staleSinceMs: number | null = null;

  constructor(host: GroupHost, key: string) {
    this.#host = host;
    this.key = key;
    this.#turn = key;
  }

  get turn(): string {
    return this.#turn;
  }
  get newest(): Answer | null {
    return this.#newest;
  }
  /** Tells whether an answer is current; `null` where time alone can make it old. */
  get watch(): Watch | null {
    return this.#ages ? null : this.#watch;
  }
  get isCurrent(): boolean {
    return this.#newest !== null && !this.#isTouched;
  }
  get members(): readonly Subscription[] {
    return [...this.#members];
  }
  get staleSinceMs(): number | null {
    return this.#staleSinceMs;
  }

  /** Adds a subscriber, which is told the newest answer: at once where that is known to be current. */
  join(subscription: Subscription): void {
    const { who } = subscription;
    if (this.#members.size === 0) this.#turn = who;
    else if (this.#turn !== who) this.#turn = this.key;
    this.#members.add(subscription);
    subscription.membership = this;
    subscription.fromRun = this.#runs + 1;
    const isCurrent = this.#state === "idle" && this.watch !== null && this.#newest !== null;
    if (!isCurrent || subscription.isFresh) return void this.#wake();
    subscription.fromRun = this.#runs;
    subscription.offer(this.#newest!, this.watch);
  }

  leave(subscription: Subscription): void {
    if (!this.#members.delete(subscription)) return;
    subscription.membership = null;
    if (this.#members.size > 0) return;
    this.#rest();
    this.#host.forget(this);
  }

  /** Runs the question once. Called by the engine. Never rejects. */
  async run(): Promise<void> {
    const [asking] = this.#members;
    if (asking === undefined) return;
    this.#rest();
    this.#state = "running";
    this.#isDirty = false;
    // Nothing is watched while it runs: what is heard meanwhile is looked at in the end.
    this.#isTouched = true;
    this.#runs++;
    const { question } = asking;
    const { cache, position, metrics } = this.#host;
    const fill = cache?.newFill() ?? null;
    metrics.liveRecomputations.inc();
    const outcome: Outcome = await question.run(fill).then(
      (body) => ({ body }),
      (error: unknown) => ({ error }),
    );
    this.#state = "idle";
    if (this.#members.size === 0) return;
    if (question.key !== this.key) return void this.#host.regroup(this);
    this.#settle(question, fill, outcome, position);
    if (this.#isDirty) this.#wake();
  }

  /** Lets all go without a word. */
  dissolve(): readonly Subscription[] {
    const { members } = this;
    this.#members.clear();
    this.#rest();
    for (const each of members) each.membership = null;
    return members;
  }

  #settle(question: Question, fill: Fill | null, outcome: Outcome, position: Position): void {
    const { cache } = this.#host;
    this.#ages = fill !== null && fill.ages !== null;
    this.#watch = fill && cache!.watch(fill, (commit) => this.#touch(commit));
    if (fill !== null && this.#watch === null && fill.reason === null && cache!.isOn) {
      return void this.#settleOvertaken(fill, outcome, position);
    }
    this.#overtakes = 0;
    if ("error" in outcome) return void this.#fail(outcome.error);
    this.#failures = 0;
    this.#deliver(outcome.body, position, { isCurrent: true, mayWait: false });
    this.#again(this.#pauseMs(question, fill));
  }

  #settleOvertaken(fill: Fill, outcome: Outcome, position: Position): void {
    this.#host.metrics.liveOvertaken.inc();
    const commit = this.#host.cache!.overtaking(fill);
    if (commit !== null && "body" in outcome) {
      const before = commit.position - 1n;
      const isFirst = this.#overtakes === 0;
      this.#deliver(outcome.body, before < position ? before : position, { isCurrent: false, mayWait: isFirst });
    }
    if (commit !== null) this.#staleSinceMs ??= commit.at.getTime();
    this.#again(Math.min(2 ** this.#overtakes++ - 1, OVERTAKEN_MS_MAX));
  }

  /** When to run again although nothing was heard; `null`: never. */
  #pauseMs({ lifeMs }: Question, fill: Fill | null): number | null {
    if (fill === null || !this.#host.cache!.isOn) return UNHEARD_MS;
    // The next run has a transaction, and can be watched.
    if (fill.needsTransaction) return 0;
    return lifeMs ?? (this.watch === null ? UNCACHEABLE_MS : null);
  }

  /**
   * Tells an answer to those for whom it is new enough.
   *
   * @param mayWait  Whether those who brought an answer along can wait for the next run: it knows whether that is new.
   */
  #deliver(body: string, position: Position, { isCurrent, mayWait }: Record<"isCurrent" | "mayWait", boolean>): void {
    const before = this.#newest;
    const answer = new Answer(body, position, before);
    this.#newest = answer;
    this.#isTouched = !isCurrent;
    for (const member of this.#members) {
      if (member.fromRun <= this.#runs && !(mayWait && member.holdsAnswer)) member.offer(answer, this.watch);
    }
    answer.settle();
    if (this.#staleSinceMs === null) return;
    const seconds = Math.max(0, Date.now() - this.#staleSinceMs) / 1_000;
    this.#staleSinceMs = null;
    if (before !== null && before.tag !== answer.tag) this.#host.metrics.livePushSeconds.observe(seconds);
  }

  /** What may pass is asked again for those who have an answer; all others are told, and it is over for them. */
  #fail(error: unknown): void {
    const passes = canPass(error);
    if (!(error instanceof Fault)) this.#host.log.error({ err: error }, "a live query failed");
    for (const member of this.#members) {
      if (member.fromRun <= this.#runs && !(passes && member.hasAnswer)) member.endWith(error);
    }
    if (this.#members.size === 0) return;
    const pauseMs = Math.min(RETRY_MS * 2 ** Math.min(this.#failures++, 10), RETRY_MS_MAX);
    this.#again(pauseMs * (0.5 + Math.random() / 2));
  }

  #touch(commit: Commit | null): void {
    this.#watch = null;
    this.#isTouched = true;
    if (commit !== null) this.#staleSinceMs ??= commit.at.getTime();
    this.#wake();
  }

  #again(pauseMs: number | null): void {
    if (pauseMs === null || this.#members.size === 0) return;
    this.#timer = setTimeout(() => this.#wake(), pauseMs).unref();
  }

  #wake(): void {
    if (this.#state === "running") this.#isDirty = true;
    if (this.#state !== "idle" || this.#members.size === 0) return;
    this.#state = "queued";
    this.#host.enqueue(this);
  }

  /** Nothing wakes it any more. */
  #rest(): void {
    this.#watch?.stop();
    this.#watch = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Whether the same question, asked later, may be answered. */
function canPass(error: unknown): boolean {
  return error instanceof Fault && (ERRORS[error.code as ErrorCode]?.retry ?? "never") !== "never";
}
