/** `lineshaft events …`: what events, handlers and schedules are at, and what to do about what failed. */
import { type Call, type Command, CommandError, EXIT, JSON_OPTION, single, UsageError } from "./command.ts";
import { askedTarget, HANDLER_OPTION, wholeNumber, withEvents, workId } from "./events-database.ts";
import { eventOf, listOf, overviewOf, type WorkRow, workOf } from "./events-look.ts";
import { mendCommands } from "./events-mend.ts";
import { eventText, listText, overviewText, workText } from "./events-text.ts";
import { note, say, sayJson } from "./terminal.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1_000;

const ls: Command = {
  name: "events ls",
  summary: "say how far handlers are, what waits, what failed, who runs (`lineshaft events` does, too)",
  description:
    "Says what the log of events holds, which nodes are alive, how far each handler is behind, when schedules are\n" +
    "due, and how much waits or has failed for good. With --dead or --waiting, lists that. Reads only.",
  options: {
    dead: { type: "boolean", summary: "list dead letters: what failed for good" },
    waiting: { type: "boolean", summary: "list what waits: retries, what is done beside the lanes, runs for later" },
    handler: HANDLER_OPTION,
    limit: {
      type: "string",
      value: "count",
      summary: `rows of a list, at most ${LIMIT_MAX}; default ${LIMIT_DEFAULT}`,
    },
    after: { type: "string", value: "id", summary: "go on with a list behind this id, such as w17" },
    json: JSON_OPTION,
  },
  run: (call) => {
    const { flags } = call;
    if (flags.has("dead") && flags.has("waiting"))
      throw new UsageError("--dead and --waiting are two lists: ask for one.");
    if (flags.has("dead")) return list(call, "dead");
    if (flags.has("waiting")) return list(call, "waiting");
    const extra = ["limit", "after"].find((name) => single(call, name) !== undefined);
    if (extra !== undefined) throw new UsageError(`--${extra} goes with a list: --dead or --waiting.`);
    return withEvents(async (client) => {
      const overview = await overviewOf(client, await askedTarget(client, call));
      if (flags.has("json")) sayJson(overview);
      else say(overviewText(overview));
      return EXIT.done;
    });
  },
};

function list(call: Call, state: WorkRow["state"]): Promise<number> {
  const limit = wholeNumber(call, "limit", { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT;
  const after = workId(single(call, "after") ?? "w0");
  return withEvents(async (client) => {
    const target = await askedTarget(client, call);
    const { rows, isLast } = await listOf(client, { state, target, after, limit });
    if (call.flags.has("json")) sayJson(rows);
    else say(listText(rows, state));
    if (!isLast) note(`There are more: go on with --after ${rows.at(-1)!.id}.`);
    return EXIT.done;
  });
}

const show: Command = {
  name: "events show",
  summary: "show an event by its number, or work by its id (w17): all that is known of it",
  description:
    "An event: its payload, its place in the log, and how it stands with each handler. Work, which is what waits or\n" +
    "has failed for good: its whole error, its attempts, and the steps that are recorded, with their results.",
  words: ["id"],
  options: { json: JSON_OPTION },
  run: async (call) => {
    const [id] = call.words as [string];
    const isEvent = /^\d{1,18}$/.test(id);
    const number = isEvent ? id : workId(id);
    const isJson = call.flags.has("json");
    return withEvents(async (client) => {
      if (isEvent) {
        const event = await eventOf(client, number);
        if (event === null) throw new CommandError(`There is no event ${id}, or it is older than what is kept.`);
        if (isJson) sayJson(event);
        else say(eventText(event));
      } else {
        const work = await workOf(client, number);
        if (work === null) throw new CommandError(`There is no work ${id}: it is done by now, or was dropped.`);
        if (isJson) sayJson(work);
        else say(workText(work));
      }
      return EXIT.done;
    });
  },
};

export const eventCommands: readonly Command[] = [ls, show, ...mendCommands];
