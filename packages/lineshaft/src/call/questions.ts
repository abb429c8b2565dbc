/**
 * Questions: queries with their input and their caller, as the engine of live queries asks them again and again.
 *
 * Their scope is observed, as that of kept answers is: one question for everybody until a run looks at the actor, one
 * for each actor from then on; and one for each subscriber once a run looks at the request.
 */
import type { Fill } from "../cache/index.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import type { Question } from "../live/index.ts";
import { questionKey } from "./answers.ts";
import { type CallRequest, Looked } from "./context.ts";
import type { CompiledOutput } from "./output.ts";
import { type CallRuntime, expectSeveral, runCall } from "./run.ts";

export interface QuestionsOptions {
  readonly runtime: CallRuntime;
  readonly clock: () => Date;
}

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #scopes = new WeakMap<EndpointDefinition, Looked>();
  #count = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** The question that a call asks. */
  of(call: CallRequest, output: CompiledOutput): Question {
    const number = this.#count++;
    const scopeOf = () => this.#scopeOf(call.endpoint);
    const ask = (fill: Fill | null) => this.#ask(call, output, fill);
    return {
      get key() {
        const { atActor, atRequest } = scopeOf();
        return questionKey(call, atActor) + (atRequest ? `\0${number}` : "");
      },
      lifeMs: lifeMsOf(call.endpoint),
      run: ask,
    };
  }

  async #ask(call: CallRequest, output: CompiledOutput, fill: Fill | null): Promise<string> {
    const { endpoint } = call;
    const { runtime, clock } = this.#options;
    const looked = new Looked();
    try {
      const { value } = await runCall(runtime, { ...call, now: clock(), observer: fill, looked });
      return output.write(value);
    } finally {
      const scope = this.#scopeOf(endpoint);
      scope.atActor ||= looked.atActor;
      scope.atRequest ||= looked.atRequest;
      if (fill?.needsTransaction) expectSeveral(endpoint);
      if (endpoint.cache === false) fill?.refuse("the query's own rule");
      if (looked.atNow && lifeMsOf(endpoint) === null) fill?.refuse("the time");
    }
  }

  #scopeOf(endpoint: EndpointDefinition): Looked {
    let scope = this.#scopes.get(endpoint);
    if (scope === undefined) this.#scopes.set(endpoint, (scope = new Looked()));
    return scope;
  }
}

function lifeMsOf({ cache }: EndpointDefinition): number | null {
  const seconds = cache === false ? undefined : cache?.seconds;
  return typeof seconds === "number" ? seconds * 1_000 : null;
}
