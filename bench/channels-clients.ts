/** The clients of the channels bench, in a process of its own: `Clients` is a crowd that lives elsewhere. */

import { Crowd, type Plan } from "./channels-crowd.ts";
import { answerParent, Child } from "./child.ts";

type Asked = "join" | "flood" | "pace" | "persist" | "cut" | "returned" | "leaves";

export class Clients implements AsyncDisposable {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  static async start(plan: Plan): Promise<Clients> {
    return new Clients(await Child.start(import.meta.filename, JSON.stringify(plan)));
  }

  /** One question at a time. */
  ask<TName extends Asked>(name: TName, ...args: Parameters<Crowd[TName]>) {
    return this.#child.ask<Awaited<ReturnType<Crowd[TName]>>>(JSON.stringify([name, ...args]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

if (import.meta.main) {
  const crowd = new Crowd(JSON.parse(process.argv[2]!));
  answerParent(
    async (question) => {
      const [name, ...args] = JSON.parse(question) as [Asked, ...number[]];
      const answer = (crowd[name] as (...given: readonly number[]) => unknown).apply(crowd, args);
      return (await answer) ?? null;
    },
    async () => crowd.end(),
  );
}
