/** `lineshaft events retry | drop | replay | forget`: what to do about what failed, and about what is left over. */
import type pg from "pg";
import { type Call, type Command, CommandError, EXIT, type Option, single, UsageError } from "./command.ts";
import {
  type Choice,
  countReplay,
  countWork,
  drop,
  type From,
  firstOf,
  forget,
  replay,
  retry,
} from "./events-change.ts";
import {
  askedTarget,
  HANDLER_OPTION,
  type Target,
  targetOf,
  targetsOf,
  withEvents,
  workId,
} from "./events-database.ts";
import { note, say } from "./terminal.ts";

const YES_OPTION: Option = { type: "boolean", summary: "do it; without it, the command only says what it would do" };
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Ends a command that wants to be asked twice. */
function unsure(what: string): never {
  throw new CommandError(`${what} Nothing was changed; to do it, add --yes.`);
}

/** The one way in which a command was told what it is about. */
function wayOf(call: Call, options: readonly string[], words: string | null): string {
  const given = options.filter((name) => call.flags.has(name) || call.values[name] !== undefined);
  if (words !== null && call.words.length > 0) given.unshift(words);
  const all = [...(words === null ? [] : [words]), ...options.map((name) => `--${name}`)];
  if (given.length !== 1) throw new UsageError(`Say which, in one way: ${all.join(", ")}.`);
  return given[0]!;
}

async function choiceOf(client: pg.Client, call: Call): Promise<Choice> {
  const ids = call.words.length > 0 ? [...new Set(call.words.map(workId))] : null;
  return { ids, target: await askedTarget(client, call) };
}

/** Who has something done wants to hear that nobody is there to do it. */
async function noteIdle(client: pg.Client, names: readonly string[]): Promise<void> {
  const idle = (await targetsOf(client)).filter(({ name, nodes }) => nodes === 0 && names.includes(name));
  for (const { name } of idle) note(`No node runs ${name} now: it waits until one does.`);
}

const retryCommand: Command = {
  name: "events retry",
  summary: "have what failed tried again now",
  description:
    "Makes dead letters due now, with all their attempts before them, and retries that would wait longer. What has\n" +
    "not failed waits for its time as before. Later events of the same key were handled meanwhile: a dead letter\n" +
    "that is tried again comes behind them.",
  more: "id",
  options: { handler: HANDLER_OPTION, all: { type: "boolean", summary: "all that failed" } },
  run: async (call) => {
    wayOf(call, ["handler", "all"], "ids");
    call.words.forEach(workId);
    return withEvents(async (client) => {
      const targets = await retry(client, await choiceOf(client, call));
      say(targets.length === 0 ? "There is nothing to retry." : `${targets.length} due now.`);
      if (targets.length > 0) await noteIdle(client, targets);
      return EXIT.done;
    });
  },
};

const dropCommand: Command = {
  name: "events drop",
  summary: "take dead letters away for good",
  description:
    "What is dropped is not tried again, and nobody is told. The event of a handler's dead letter counts as\n" +
    "handled; `events replay` brings it back while it is kept. A command for later may be dropped ahead of time, too.",
  more: "id",
  options: { handler: { ...HANDLER_OPTION, summary: "all dead letters of this one" }, yes: YES_OPTION },
  run: async (call) => {
    wayOf(call, ["handler"], "ids");
    call.words.forEach(workId);
    return withEvents(async (client) => {
      const isSure = call.flags.has("yes");
      const count = await drop(client, await choiceOf(client, call), isSure);
      if (count > 0 && !isSure) unsure(`This takes ${counted(count, "piece")} of work away for good.`);
      say(count === 0 ? "There is nothing to drop." : `${count} dropped.`);
      return EXIT.done;
    });
  },
};

const replayCommand: Command = {
  name: "events replay",
  summary: "have a handler handle events again",
  description:
    "Sets a handler back, so that it handles the events from there on again, in their order, each once. What it did\n" +
    "with them before stays: effects come twice unless the handler bears that, or you have taken them away. Steps\n" +
    "that are recorded are not done again. Dead letters and retries from there on come again with their events.",
  words: ["handler"],
  options: {
    from: { type: "string", value: "position", summary: "from this position on; `events show` tells an event's" },
    since: { type: "string", value: "time", summary: "from this time on: 2026-05-01T12:00Z, or 2h for 2 hours ago" },
    all: { type: "boolean", summary: "from the oldest event on that is kept" },
    steps: { type: "boolean", summary: "forget results of steps: they are done again" },
    yes: YES_OPTION,
  },
  run: async (call) => {
    const from = fromOf(call);
    return withEvents(async (client) => {
      const target = targetOf(await targetsOf(client), call.words[0]!);
      if (target.kind !== "handler")
        throw new CommandError(`${target.name} is a ${target.kind}: it handles no events.`);
      const first = await firstOf(client, from);
      const { events, handled } = first === null ? { events: 0, handled: 0 } : await countReplay(client, target, first);
      if (events === 0) {
        say(`${target.name} has handled no ${target.event} from there on: there is nothing to replay.`);
        return EXIT.done;
      }
      const what = `${counted(events, "event")} ${target.event} from position ${first}`;
      if (handled > 0 && !call.flags.has("yes")) {
        unsure(`${target.name} would handle ${what} again, and its effects would apply again for ${handled}.`);
      }
      await replay(client, target, first!, call.flags.has("steps"));
      say(`${target.name} handles ${what} again.`);
      await noteIdle(client, [target.name]);
      return EXIT.done;
    });
  },
};

function fromOf(call: Call): From {
  const way = wayOf(call, ["from", "since", "all"], null);
  if (way === "all") return "all";
  const text = single(call, way)!;
  if (way === "since") return { since: timeOf(text) };
  if (/^\d{1,18}$/.test(text)) return { position: text };
  throw new UsageError(`--from is "${text}"; it takes a position, such as 1204. \`lineshaft events show\` tells it.`);
}

function timeOf(text: string): Date {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(Date.now() - Number(count) * UNITS_MS[unit!]!);
  const time = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?$/.test(text) ? new Date(text) : null;
  if (time !== null && !Number.isNaN(time.getTime())) return time;
  throw new UsageError(
    `--since is "${text}"; it takes a time, such as 2026-05-01T12:00Z, or how long ago: 15m, 2h, 3d.`,
  );
}

const forgetCommand: Command = {
  name: "events forget",
  summary: "take away what is left of a handler or schedule that no code declares any more",
  description:
    "Removes how far it is, and what waits or is dead. Until then its unhandled events are kept for longer. Refused\n" +
    "while a node runs it. If code declares it again, a handler begins anew, as a new one does.",
  words: ["handler"],
  options: { yes: YES_OPTION },
  run: (call) =>
    withEvents(async (client) => {
      const target = targetOf(await targetsOf(client), call.words[0]!);
      assertLeft(target);
      const work = await countWork(client, target);
      if (!call.flags.has("yes")) {
        unsure(`This takes away how far ${target.name} is, and ${counted(work, "piece")} of work.`);
      }
      await forget(client, target);
      say(`${target.name} is forgotten, with ${counted(work, "piece")} of work.`);
      return EXIT.done;
    }),
};

function assertLeft({ name, kind, nodes }: Target): void {
  if (kind === "command") {
    throw new CommandError(`${name} is a command: \`lineshaft events drop\` takes back its runs, by their ids.`);
  }
  if (nodes === 0) return;
  const who = nodes === 1 ? "A node runs" : `${nodes} nodes run`;
  throw new CommandError(`${who} ${name}: take it out of the code, and let no old code run.`);
}

export const mendCommands: readonly Command[] = [retryCommand, dropCommand, replayCommand, forgetCommand];
