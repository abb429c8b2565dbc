/**
 * Questions: queries with their input and their caller, as the engine of live queries asks them again and again.
 *
 * One question serves all in its scope (`scope.ts`), and each subscriber alone once a run looks at the request.
 */
import type { Fill } from "../cache/index.ts";
import type { Question } from "../live/index.ts";
import type { CallRequest } from "./context.ts";
import type { CompiledOutput } from "./output.ts";
import type { CallRuntime } from "./run.ts";
import { AUTHORIZED, authorizationOf, lifeMsOf, type Scopes } from "./scope.ts";

export interface QuestionsOptions {
  readonly runtime: CallRuntime;
  readonly clock: () => Date;
  readonly scopes: Scopes;
}

export class Questions {
  readonly #options: QuestionsOptions;
  #count = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** The question whether the actor of a call may make it. The call's endpoint says who may. */
  authorizationOf(call: CallRequest): Question {
    return this.of(authorizationOf(call)!, AUTHORIZED);
  }

  /** The question that a call asks. */
  of(call: CallRequest, output: CompiledOutput): Question {
    const { scopes } = this.#options;
    const number = this.#count++;
    return {
      get key() {
        return scopes.keyOf(call) + (scopes.of(call.endpoint).atRequest ? `\0${number}` : "");
      },
      lifeMs: lifeMsOf(call.endpoint),
      run: (fill) => this.#ask(call, output, fill),
    };
  }

  async #ask(call: CallRequest, output: CompiledOutput, fill: Fill | null): Promise<string> {
    const { runtime, clock, scopes } = this.#options;
    try {
      return (await scopes.run(runtime, { ...call, now: clock() }, output, fill)).text;
    } finally {
      if (call.endpoint.cache === false) fill?.age("the query's own rule");
    }
  }
}
