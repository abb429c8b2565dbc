/** Parts of the events bench: what its tables say. */
import { CONTENDERS, OURS, titleOf } from "./events-contender.ts";
import type { Measure, Part, Row } from "./figures.ts";

export interface EventsSettings extends Readonly<Record<string, number>> {
  /** 1: beside the peers. 0: ours alone. */
  readonly peers: number;
  readonly commandSeconds: number;
  readonly warmSeconds: number;
  readonly connections: number;
  readonly jobs: number;
  readonly effects: number;
  readonly idlePerSecond: number;
  readonly busyPerSecond: number;
  readonly delaySeconds: number;
  readonly handlings: number;
  readonly backlog: number;
  readonly arrivalsPerSecond: number;
  readonly runs: number;
}

export const HANDLERS = [1, 10, 50] as const;
/** Keys of a backlog; those of events that come later begin behind them. */
export const SOURCES = 1_000;
const DBOS = { title: "DBOS", package: "@dbos-inc/dbos-sdk" };
/** Equal parts of a backlog, each with its own row. */
export const STRETCHES = 10;

export const contendersOf = ({ peers }: EventsSettings) => CONTENDERS.filter(({ name }) => peers > 0 || name === OURS);
const text = (count: number): string => count.toLocaleString("en-US");

const p50: Measure = { name: "p50", title: "p50", unit: "ms", digits: 2, isCharted: true };
const p99: Measure = { name: "p99", title: "p99", unit: "ms", digits: 2, isCharted: true };
const cpu: Measure = { name: "cpu", title: "Node CPU", unit: "µs", digits: 1 };
const storeCpu: Measure = { name: "store", title: "Postgres and Redis CPU", unit: "µs", digits: 1 };
const times: Measure = { name: "times", title: "× Lineshaft", unit: "", digits: 2 };

function rowsOf(settings: EventsSettings, prefix: string): readonly Row[] {
  return contendersOf(settings).map((each) => ({
    ...{ name: `${prefix}.${each.name}`, title: titleOf(each), isPeer: each.name !== OURS },
  }));
}

function commandPart({ connections }: EventsSettings): Part {
  return {
    title: "A command that states an event",
    about: `Each inserts one row, serializable, over HTTP; ${connections} connections ask as fast as they are answered.
      The second also states an event that nobody handles: it is stored and gets its place in the order of events. The
      third has a handler that does nothing; its rate counts a command when its event is handled as well, and the
      handling shares the processors. Ratios are taken within a round, from two turns each.`,
    rows: [
      { name: "plain", title: "without an event" },
      { name: "telling", title: "with one event" },
      { name: "handled", title: "with one, and handled" },
    ],
    measures: [
      { name: "rate", title: "commands", unit: "/s", digits: 0, isCharted: true },
      { name: "ratio", title: "ratio", unit: "", digits: 2, goal: { is: "≥", value: 0.85, rows: ["telling"] } },
      cpu,
      { ...storeCpu, title: "Postgres CPU" },
    ],
  };
}

function drainParts(settings: EventsSettings): Part[] {
  const rate: Measure = { name: "rate", title: "events", unit: "/s", digits: 0, isCharted: true };
  const goal = { is: "≥", value: 15_000, rows: [`nothing.${OURS}`] } as const;
  return [
    {
      title: "Handlers that do nothing",
      about: `${text(settings.jobs)} events lie there, and one process handles them: from its start until all are
        handled and the store knows. Ours also gives each event its place in the order of events in that time. Each
        peer has the settings that were fastest here: graphile-worker 24 jobs at a time, a local queue of 2,000 and
        completions in batches; pg-boss two workers with batches of 2,000; BullMQ 50 jobs at a time, nothing kept.
        Postgres syncs each commit; Redis its log each second, as BullMQ recommends at least, or before each answer.`,
      rows: rowsOf(settings, "nothing"),
      measures: [{ ...rate, goal }, times, cpu, storeCpu],
    },
    {
      title: "Handlers that insert one row",
      about: `${text(settings.effects)} events, and for each one row in Postgres. Ours and pg-boss write the rows in the
        transaction in which the event is handled, so there is one for each event whatever happens, and many share a
        commit. graphile-worker and BullMQ insert for themselves, one commit each: a crash in between inserts
        the row again.`,
      rows: rowsOf(settings, "effect"),
      measures: [rate, times, cpu, storeCpu],
    },
  ];
}

function delayParts(settings: EventsSettings): Part[] {
  const { idlePerSecond, busyPerSecond } = settings;
  return [["idle", idlePerSecond] as const, ["busy", busyPerSecond] as const].map(([prefix, perSecond]) => ({
    title: `From the event to its effect, ${text(perSecond)} a second`,
    about: `A process adds events one by one and reads the log of Postgres; another handles them and inserts a row for
      each. A delay begins with the answer that the event is stored, and ends when the commit of the row stands in the
      log on disk: both by one clock. *added* is how many a second could be added: who notifies in each commit can
      commit only one at a time.`,
    rows: rowsOf(settings, prefix),
    measures: [
      p50,
      p99,
      { name: "rate", title: "added", unit: "/s", digits: 0, isCharted: perSecond === busyPerSecond },
    ],
  }));
}

function fanPart({ handlings }: EventsSettings): Part {
  return {
    title: "Several handlers of one event",
    about: `Events for ${text(handlings)} runs of handlers that do nothing lie there. Processor time is for each run.`,
    rows: HANDLERS.map((count) => ({ name: `fan${count}`, title: count === 1 ? "1 handler" : `${count} handlers` })),
    measures: [
      { name: "events", title: "events", unit: "/s", digits: 0, isCharted: true },
      { name: "runs", title: "runs", unit: "/s", digits: 0, isCharted: true },
      cpu,
      { ...storeCpu, title: "Postgres CPU" },
    ],
  };
}

function backlogParts({ backlog, arrivalsPerSecond }: EventsSettings): Part[] {
  return [
    {
      title: `A backlog of ${text(backlog)} events`,
      about: `Of 1,000 keys, while ${text(arrivalsPerSecond)} a second of 100 other keys are stated over HTTP. Done once
        in a run, in the first round. *out of order* counts handlers that saw an event of their key too early, or never.
        *delay of new ones* is the most that were stated and not handled yet, over their rate. Memory is
        that of the process, without the first tenth of the backlog: *growth* is its median in the last third over that
        in the first, *most ÷ least* its extremes.`,
      rows: [{ name: "backlog", title: "backlog" }],
      measures: [
        { name: "rate", title: "events", unit: "/s", digits: 0, isCharted: true },
        { name: "early", title: "out of order", unit: "", digits: 0, goal: { is: "≤", value: 0 } },
        { name: "again", title: "begun again", unit: "", digits: 0 },
        { name: "growth", title: "growth", unit: "×", digits: 2, goal: { is: "≤", value: 1.2 } },
        { name: "spread", title: "most ÷ least", unit: "×", digits: 2 },
        { name: "behind", title: "delay of new ones", unit: "s", digits: 1 },
        { ...cpu, title: "Node CPU per event" },
      ],
    },
    {
      title: "The same, from its beginning to its end",
      about: `Each row is a tenth of the backlog.`,
      rows: Array.from({ length: STRETCHES }, (_, index) => ({ name: `stretch${index}`, title: `${index + 1} of 10` })),
      measures: [
        { name: "rate", title: "events", unit: "/s", digits: 0, isCharted: true },
        { name: "memory", title: "memory", unit: "MB", digits: 0, isCharted: true },
      ],
    },
  ];
}

function stepPart({ peers }: EventsSettings): Part {
  const measures: Measure[] = [1, 10].flatMap((steps) => [
    { ...p50, name: `p50of${steps}`, title: `${steps === 1 ? "one step" : "each of ten"}, p50` },
    { ...p99, name: `p99of${steps}`, title: `${steps === 1 ? "one step" : "each of ten"}, p99`, isCharted: false },
  ]);
  const dbos = { name: "step.dbos", title: titleOf(DBOS), isPeer: true };
  return {
    title: "A step",
    about: `Work outside the database that does nothing, whose result is recorded: the time from the first line of a run
      until its last step has given its result, for each step. One run at a time, on the same Postgres.`,
    rows: [{ name: `step.${OURS}`, title: "Lineshaft" }, ...(peers > 0 ? [dbos] : [])],
    measures,
  };
}

export function eventsParts(settings: EventsSettings): readonly Part[] {
  return [
    commandPart(settings),
    ...drainParts(settings),
    ...delayParts(settings),
    fanPart(settings),
    ...backlogParts(settings),
    stepPart(settings),
  ];
}
