/**
 * Nested: calls of other endpoints from inside a run, in the same transaction and snapshot, as the same actor.
 */
import type { CallTransaction } from "../data/transaction.ts";
import type { Call, EndpointDefinition } from "../define/endpoint.ts";
import { fault } from "../define/errors.ts";
import { type Bound, CallContext, type CallRequest, type ReplyHeaders } from "./context.ts";
import type { WireInput } from "./input.ts";
import { readerOf } from "./stated.ts";

/**
 * What `run` gets as `call`. It gives the value only: headers that the called endpoint sets, such as cookies, are not
 * part of the outer answer. A nested command that failed takes the whole call with it, caught or not.
 */
export function nestedCall(
  outer: CallRequest,
  transaction: CallTransaction,
  reply: ReplyHeaders,
  deadline: Bound,
): Call {
  const call = async (target: unknown, wire: unknown): Promise<unknown> => {
    const endpoint = target as EndpointDefinition;
    if (outer.endpoint.kind === "query" && endpoint.kind === "command") {
      throw new Error(
        `${outer.endpoint.route} is a query and cannot call the command ${endpoint.route}: make it a command.`,
      );
    }
    if (endpoint.actor === "account") {
      if (outer.looked) outer.looked.atActor = true;
      if (outer.actor.kind !== "account") throw fault("UNAUTHENTICATED");
    }
    // An endpoint with a rule of its own can have another answer although no row has changed.
    if (outer.looked && endpoint.cache !== undefined) outer.looked.atNow = true;
    const input = readerOf(endpoint)(structuredClone(wire) as WireInput);
    const request: CallRequest = { ...outer, endpoint, input };
    try {
      const context = new CallContext(request, transaction, reply.nested(), deadline, nestedCall);
      await endpoint.authorize?.run(context);
      return await endpoint.run(context);
    } catch (error) {
      if (endpoint.kind === "command") transaction.spoil(error);
      throw error;
    }
  };
  return call as Call;
}
