/**
 * Steps: work outside the database, with its results recorded.
 *
 * Model. A run that meets a step with a recorded result gets that. Else the step is done, and its result recorded in a
 * transaction of its own, while no transaction of the run is open: a run that has asked something already is undone,
 * the steps that it met are done, and it begins again. So code before a step may run several times, and a mail server
 * that takes ten seconds holds no lock.
 * Promises. Once a result is recorded, the step is not done again for this event, and every run gets that result, also
 * one on another node that has done the same meanwhile. Its key is the same each time.
 * Not promised. That a step is done once: a process can die between the work and the record.
 * Limits. `STEPS_MAX` steps of one run, results of `RESULT_BYTES_MAX` as JSON.
 */
import type { Pool } from "../data/pool.ts";
import type { CallTransaction } from "../data/transaction.ts";
import type { StepTools } from "../define/event.ts";
import { writeTogether } from "../log/control.ts";

export const STEPS_MAX = 100;
export const RESULT_BYTES_MAX = 65_536;

/** What was recorded first counts, and is given back. */
const RECORD = {
  name: "ls_step",
  text: `insert into lineshaft.step as s (scope, name, result) values ($1, $2, $3)
    on conflict (scope, name) do update set result = s.result returning s.result::text as result`,
};

/** Thrown by a step where none are done: the run moves to where they are. */
export class StepsNeeded extends Error {
  override readonly name = "StepsNeeded";
}

/** Thrown by a step that met an open transaction: run again. */
export class RunAgain extends Error {
  override readonly name = "RunAgain";
}

type Work = (tools: StepTools) => Promise<unknown>;

export class Steps {
  readonly #pool: Pool;
  readonly #scope: string;
  readonly #results: Map<string, unknown>;
  readonly #met = new Map<string, Work>();
  /** What is being done, also for a run before that did not wait for it. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  readonly #used = new Set<string>();

  /**
   * @param scope    What the steps belong to; with a step's name, its key.
   * @param results  What is recorded of it.
   */
  constructor(pool: Pool, scope: string, results: Readonly<Record<string, unknown>>) {
    this.#pool = pool;
    this.#scope = scope;
    this.#results = new Map(Object.entries(results));
  }

  /** What a run's `step` does. */
  async take<T>(
    name: string,
    work: (tools: StepTools) => Promise<T>,
    { transaction, signal }: { readonly transaction: CallTransaction; readonly signal: AbortSignal },
  ): Promise<T> {
    if (this.#used.has(name))
      throw new Error(`step("${name}") is there twice in one run: give each a name of its own.`);
    if (this.#used.size >= STEPS_MAX) throw new Error(`step("${name}"): one run has at most ${STEPS_MAX} steps.`);
    this.#used.add(name);
    if (this.#results.has(name)) return this.#results.get(name) as T;
    if (!transaction.hasBegun) return (await this.#perform(name, work, signal)) as T;
    this.#met.set(name, work);
    const again = new RunAgain();
    transaction.spoil(again);
    throw again;
  }

  /** A run begins, which will meet its steps one after the other. */
  begin(): void {
    this.#used.clear();
  }

  /** A run has returned. @throws {Error} when it did not wait for a step. */
  end(): void {
    const [forgotten] = this.#underWay.keys();
    if (forgotten !== undefined) throw new Error(`\`run\` returned before step("${forgotten}") did: await every step.`);
  }

  /** Does the steps that the last run met in its transaction, for the next run. */
  async performMet(signal: AbortSignal): Promise<void> {
    const met = [...this.#met];
    this.#met.clear();
    await Promise.all(met.map(([name, work]) => this.#perform(name, work, signal)));
  }

  #perform(name: string, work: Work, signal: AbortSignal): Promise<unknown> {
    let done = this.#underWay.get(name);
    if (done === undefined) {
      done = this.#performNow(name, work, signal).finally(() => this.#underWay.delete(name));
      this.#underWay.set(name, done);
    }
    return done;
  }

  async #performNow(name: string, work: Work, signal: AbortSignal): Promise<unknown> {
    const text = JSON.stringify(await work({ key: `${this.#scope}/${name}`, signal })) ?? "null";
    const bytes = Buffer.byteLength(text);
    if (bytes > RESULT_BYTES_MAX) {
      throw new Error(`step("${name}") gave ${bytes} bytes; a result may have ${RESULT_BYTES_MAX} as JSON.`);
    }
    // Written also when the run is over by now: the work is done.
    const [{ rows }] = await writeTogether(this.#pool, [{ ...RECORD, values: [this.#scope, name, text] }]);
    const result: unknown = JSON.parse((rows as { readonly result: string }[])[0]!.result);
    this.#results.set(name, result);
    return result;
  }
}
