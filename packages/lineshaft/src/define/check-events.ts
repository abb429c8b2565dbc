/** Checks of events, handlers and schedules. What they are named in the database must be theirs alone. */
import { type Inspection, listed, oneOf, type Spot, shown } from "./check-inspection.ts";
import { checkPayload } from "./check-shapes.ts";
import {
  ATTEMPTS_MAX,
  BATCH_MAX,
  type EventDefinition,
  type HandlerDefinition,
  type ScheduleDefinition,
  TIMEOUT_SECONDS_MAX,
} from "./event.ts";
import { checkWhen } from "./when.ts";

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const ISOLATIONS = ["serializable", "repeatable read", "read committed"];

/** Checks all events, handlers and schedules, each for itself and against the others. */
export function checkEvents(inspection: Inspection): void {
  const { events, handlers, schedules } = inspection.declarations;
  for (const event of events) checkEvent(inspection, event);
  for (const handler of handlers) checkHandler(inspection, handler);
  for (const schedule of schedules) checkSchedule(inspection, schedule);
  checkUnique(inspection, events);
  checkUnique(inspection, [...handlers, ...schedules]);
}

interface Named {
  readonly kind: "event" | "handler" | "schedule";
  readonly name: string;
  readonly place: string;
}

function spotOf({ kind, name, place }: Named): Spot {
  return { place, what: `${kind} ${shown(name)}` };
}

function checkUnique(inspection: Inspection, all: readonly Named[]): void {
  const known = new Map<string, Named>();
  for (const each of all) {
    const namesake = known.get(each.name);
    if (namesake === undefined) known.set(each.name, each);
    else {
      const problem = `another ${namesake.kind} has this name (${namesake.place})`;
      inspection.add(spotOf(each), problem, "Give one of them another name: the database remembers them by it.");
    }
  }
}

function checkName(inspection: Inspection, named: Named): void {
  const own = named.name.slice(named.name.indexOf(".") + 1);
  if (NAME.test(own)) return;
  const wayOut = "It is a lower-case letter, then letters, digits and underscores, at most 63.";
  inspection.add(spotOf(named), `the name cannot be ${shown(own)}`, wayOut);
}

function checkEvent(inspection: Inspection, event: EventDefinition): void {
  const spot = spotOf(event);
  checkName(inspection, event);
  checkPayload(inspection, spot, event);
  for (const key of event.key) {
    if (typeof key === "string" && Object.hasOwn(event.fields ?? {}, key)) continue;
    const known = Object.keys(event.fields ?? {});
    inspection.add(spot, `key names ${shown(key)}, which the payload has not`, oneOf(key, known));
  }
  const { version, upcast } = event;
  if (!isWhole(version, 1, 10_000)) {
    inspection.add(spot, `version is ${shown(version)}`, "It is a whole number from 1, one more with each change.");
    return;
  }
  const missing = Array.from({ length: version - 1 }, (_, at) => at + 1).filter(
    (each) => typeof upcast[each] !== "function",
  );
  if (missing.length > 0) {
    const wayOut = `Events of old versions are still stored: upcast: { ${missing[0]}: (old) => ({ ...old, … }) }.`;
    inspection.add(spot, `version is ${version}, and upcast lacks ${listed(missing.map(String))}`, wayOut);
  }
  const unknown = Object.keys(upcast).filter((each) => !isWhole(Number(each), 1, version - 1));
  if (unknown.length > 0) {
    inspection.add(spot, `upcast has ${listed(unknown)}`, `It has one function for each version before ${version}.`);
  }
}

function checkHandler(inspection: Inspection, handler: HandlerDefinition): void {
  const spot = spotOf(handler);
  checkName(inspection, handler);
  checkRuns(inspection, handler);
  if (handler.event?.kind !== "event") {
    const wayOut =
      'Write on(visited, "count", …) with what service.event(…) gave; where modules import each other, put ' +
      "events into a model.ts.";
    inspection.add(spot, `it reacts to ${shown(handler.event)}, which is not an event`, wayOut);
  } else if (!inspection.declarations.events.includes(handler.event)) {
    const wayOut = `Take the service "${handler.event.service.name}" into the app.`;
    inspection.add(spot, `its event ${handler.event.name} belongs to a service that the app has not`, wayOut);
  }
  if (handler.batch !== 0 && !isWhole(handler.batch, 1, BATCH_MAX)) {
    inspection.add(spot, `batch is ${shown(handler.batch)}`, `It is a whole number from 1 to ${BATCH_MAX}.`);
  }
  if (handler.from !== "first" && handler.from !== "now") {
    inspection.add(spot, `from is ${shown(handler.from)}`, oneOf(handler.from, ["first", "now"]));
  }
}

function checkSchedule(inspection: Inspection, schedule: ScheduleDefinition): void {
  const spot = spotOf(schedule);
  checkName(inspection, schedule);
  checkRuns(inspection, schedule);
  const mistake = checkWhen(schedule.when);
  if (mistake !== null) inspection.add(spot, mistake.problem, mistake.wayOut);
  const { missed, overlap } = schedule;
  const known = ["once", "all", "skip"];
  if (!known.includes(missed)) inspection.add(spot, `missed is ${shown(missed)}`, oneOf(missed, known));
  if (typeof overlap !== "boolean") inspection.add(spot, `overlap is ${shown(overlap)}`, "It is true or false.");
}

function checkRuns(inspection: Inspection, of: HandlerDefinition | ScheduleDefinition): void {
  const spot = spotOf(of);
  const { attempts, timeoutSeconds, isolation, run } = of;
  if (typeof run !== "function") inspection.add(spot, `its run is ${shown(run)}`, "It is an async function.");
  if (!isWhole(attempts, 1, ATTEMPTS_MAX)) {
    inspection.add(spot, `attempts is ${shown(attempts)}`, `It is a whole number from 1 to ${ATTEMPTS_MAX}.`);
  }
  if (!(typeof timeoutSeconds === "number" && timeoutSeconds > 0 && timeoutSeconds <= TIMEOUT_SECONDS_MAX)) {
    const wayOut = `It is a number of seconds, more than 0 and at most ${TIMEOUT_SECONDS_MAX}.`;
    inspection.add(spot, `timeoutSeconds is ${shown(timeoutSeconds)}`, wayOut);
  }
  if (!ISOLATIONS.includes(isolation)) {
    inspection.add(spot, `isolation is ${shown(isolation)}`, oneOf(isolation, ISOLATIONS));
  }
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}
