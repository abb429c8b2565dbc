/** Later: runs the commands that others asked for with `runAt`, as whoever asked. */
import { CallContext } from "../call/context.ts";
import type { WireInput } from "../call/input.ts";
import { nestedCall } from "../call/nested.ts";
import { readerOf } from "../call/stated.ts";
import type { Actor } from "../define/actor.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import { ATTEMPTS_DEFAULT, TIMEOUT_SECONDS_DEFAULT } from "../define/event.ts";
import { attempt, finish, isRefusal } from "../handle/attempt.ts";
import type { Machinery, Run } from "../handle/run.ts";
import type { Do } from "../handle/work.ts";

/** What runs a command later. A command that refuses is not asked again: it is set aside at once. */
export function laterOf(machinery: Machinery, endpoint: EndpointDefinition, target: string, signal: AbortSignal): Do {
  const { service, isolation } = endpoint;
  const bounds = { attempts: ATTEMPTS_DEFAULT, timeoutSeconds: TIMEOUT_SECONDS_DEFAULT };
  const runnable = { kind: "command", service, name: target, isolation, ...bounds } as const;
  return async (item) => {
    const run = async (of: Run, bound: AbortSignal) => {
      // The run may ask for itself again under the name that it has.
      of.transaction.outbox.replace({ kind: "command", target, name: item.name! }, finish(item));
      const input = readerOf(endpoint)(structuredClone(item.input) as WireInput);
      const request = { ...of.request, endpoint, input };
      return endpoint.run(new CallContext(request, of.transaction, of.reply, { signal: bound }, nestedCall));
    };
    await attempt(machinery, {
      ...{ item, runnable, signal, run },
      actor: item.actor as Actor,
      scope: `${target}/`,
      end: () => {},
      isFinal: isRefusal,
    });
  };
}
