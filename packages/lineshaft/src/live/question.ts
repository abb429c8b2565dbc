/** Question: what a subscription asks, given by the layers above: the engine knows nothing of queries. */
import type { Fill } from "../cache/index.ts";

export interface Question {
  /**
   * Questions with one key have one answer. It grows narrower when a run turns out to look at who asks: read it again
   * after each run.
   */
  readonly key: string;
  /** How long an answer lives when nothing is heard to change it, in milliseconds; `null`: until something changes. */
  readonly lifeMs: number | null;
  /**
   * Works the answer out, as JSON.
   *
   * @param fill  Watches what is read; refuses where the answer depends on more.
   * @throws {Fault} what the subscribers are told.
   */
  run(fill: Fill | null): Promise<string>;
}
