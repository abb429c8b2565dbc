/**
 * Scope: for whom an answer is the answer. It is observed, not declared.
 *
 * A query whose runs never looked at the actor has one answer for everybody; once one of them did, it has one for each
 * actor. In the same way there is one for each origin under which callers know this node, once a run looked at that.
 * What a run makes of the request's other facts is its caller's alone. A scope only ever grows narrower.
 */
import type { Fill } from "../cache/index.ts";
import type { Actor } from "../define/actor.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import type { CallRequest } from "./context.ts";
import { Looked } from "./looked.ts";
import { type CompiledOutput, compileOutput } from "./output.ts";
import { type CallResult, type CallRuntime, expectSeveral, runCall } from "./run.ts";

/** An answer that was worked out and written, with what that looked at. */
export interface Written {
  readonly text: string;
  readonly headers: CallResult["headers"];
  readonly looked: Looked;
}

export class Scopes {
  readonly #scopes = new WeakMap<EndpointDefinition, Looked>();

  /** What the runs of a query have looked at so far. */
  of(endpoint: EndpointDefinition): Looked {
    let scope = this.#scopes.get(endpoint);
    if (scope === undefined) this.#scopes.set(endpoint, (scope = new Looked()));
    return scope;
  }

  /** Calls with one key have one answer. */
  keyOf(call: CallRequest): string {
    return this.scoped(questionOf(call), call);
  }

  /** The key of a call whose question is known. */
  scoped(question: string, { endpoint, actor, facts }: Pick<CallRequest, "endpoint" | "actor" | "facts">): string {
    const { atActor, atOrigin } = this.of(endpoint);
    if (!atActor && !atOrigin) return question;
    return `${question}${atActor ? `\0${textOf(actor)}` : ""}${atOrigin ? `\0${facts.origin}` : ""}`;
  }

  /**
   * Runs a query for whoever may ask it (`authorizationOf`), watched by a fill, and notes what it looks at; the fill is
   * told of a time that makes its answer old, and of an end that may have cut it short.
   *
   * @throws {Fault} as `runCall` does.
   */
  async run(runtime: CallRuntime, call: CallRequest, output: CompiledOutput, fill: Fill | null): Promise<Written> {
    const { endpoint } = call;
    const looked = new Looked();
    try {
      const { value, headers } = await runCall(runtime, { ...call, observer: fill, looked, isAuthorized: true });
      // Writing is part of it: what `run` gave can have getters, and those can look at the caller.
      return { text: output.write(value), headers, looked };
    } finally {
      const scope = this.of(endpoint);
      scope.atActor ||= looked.atActor;
      scope.atOrigin ||= looked.atOrigin;
      scope.atRequest ||= looked.atRequest;
      if (looked.atNow && lifeMsOf(endpoint) === null) fill?.age("the time");
      if (looked.signal?.aborted) fill?.refuse("the end of the call");
      if (fill?.needsTransaction) expectSeveral(endpoint);
    }
  }
}

/** Whether the actor of a call may make it, as a call of its own, which reads only; `null` where nobody is refused. */
export function authorizationOf(call: CallRequest): CallRequest | null {
  const { authorize } = call.endpoint;
  return authorize && { ...call, endpoint: authorize, name: `${call.name} authorize` };
}

/** What authorizations give. */
export const AUTHORIZED = compileOutput({})!;

/** What a call asks, whoever asks it. */
export function questionOf({ name, input }: Pick<CallRequest, "name" | "input">): string {
  return `${name}\0${JSON.stringify(input, asText)}`;
}

/** Recognized callers are the same object as long as they are kept. */
const texts = new WeakMap<Actor, string>();

function textOf(actor: Actor): string {
  let text = texts.get(actor);
  if (text === undefined) texts.set(actor, (text = JSON.stringify(actor)));
  return text;
}

/** How long a query lets its answers live, in milliseconds; `null` where it says nothing. */
export function lifeMsOf({ cache }: EndpointDefinition): number | null {
  const seconds = cache === false ? undefined : cache?.seconds;
  return typeof seconds === "number" ? seconds * 1_000 : null;
}

/** JSON has no 64-bit numbers. */
function asText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
