/** Calls from outside a request: demo data, tests, scripts. */
import type { CallRequest } from "../call/context.ts";
import { compileInput, type WireInput } from "../call/input.ts";
import { type CallRuntime, runCall } from "../call/run.ts";
import { type Actor, NOBODY } from "../define/actor.ts";
import type { Declarations } from "../define/declarations.ts";
import type { Endpoint, EndpointDefinition } from "../define/endpoint.ts";
import type { InputOf, ResultOf } from "../define/shape.ts";
import type { Logger } from "../observe/log.ts";

/** Calls an endpoint from outside a request, as an actor. Each call is a transaction of its own. */
export type CallAs = <TInput, TOutput>(
  endpoint: Endpoint<TInput, TOutput>,
  input: InputOf<TInput>,
  options?: { readonly actor?: Actor; readonly headers?: Readonly<Record<string, string>> },
) => Promise<ResultOf<TOutput>>;

export function callAs(
  runtime: CallRuntime,
  declarations: Declarations,
  { log, clock }: { readonly log: Logger; readonly clock: () => Date },
): CallAs {
  const names = new Map(declarations.endpoints.map((each) => [each.endpoint, each.name]));
  const signal = new AbortController().signal;
  return async (target, wire, { actor = NOBODY, headers = {} } = {}) => {
    const endpoint = target as unknown as EndpointDefinition;
    const now = clock();
    const input = compileInput(endpoint.input, { closed: true })(structuredClone(wire) as WireInput);
    const facts = { origin: "http://localhost", address: "127.0.0.1", headers, id: "call" };
    const name = names.get(endpoint) ?? endpoint.route;
    const request: CallRequest = { endpoint, name, input, actor, facts, now, log, signal: () => signal };
    const { value } = await runCall(runtime, request);
    return value as never;
  };
}
