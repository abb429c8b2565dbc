/** Beside: does the events of a handler that its lanes have put aside. */
import type { HandlerDefinition } from "../define/event.ts";
import { attempt, finish } from "./attempt.ts";
import { happened } from "./happened.ts";
import type { Machinery } from "./run.ts";
import { type Do, eventOf, type WorkItem } from "./work.ts";

export interface BesideOptions {
  readonly machinery: Machinery;
  readonly definition: HandlerDefinition;
  readonly signal: AbortSignal;
  /** Told when an event does not hold up its key any more. */
  readonly onReleased: (lane: number, key: string | null) => void;
}

/** What does an item of this handler. */
export function besideOf({ machinery, definition, signal, onReleased }: BesideOptions): Do {
  return async (item) => {
    const ended = await attempt(machinery, {
      item,
      runnable: definition,
      signal,
      scope: `${definition.name}/${item.event}`,
      run: (run) => definition.run(run.context(contextOf(definition, item))),
      end: (run) => run.transaction.outbox.add(finish(item)),
      isFinal: (error) => error instanceof EventGone,
    });
    if (ended !== "waiting") onReleased(item.lane, item.key);
  };
}

function contextOf(definition: HandlerDefinition, item: WorkItem): object {
  const stored = eventOf(item);
  if (stored === null) throw new EventGone(`event ${item.event} is not kept any more: it is older than what is kept`);
  const event = happened(definition.event, stored);
  return definition.batch > 0 ? { events: [event] } : { event };
}

/** An event that retention has taken away before it was handled. */
class EventGone extends Error {
  override readonly name = "EventGone";
}
