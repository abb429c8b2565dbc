/** Parts of the channels bench: what its tables say. */
import { CONTENDERS, type ContenderKind, SOCKETIO } from "./channels-contender.ts";
import { OURS, titleOf } from "./events-contender.ts";
import type { Figures, Goal, Measure, Part, Row } from "./figures.ts";

export interface ChannelsSettings extends Readonly<Record<string, number>> {
  /** 1: beside the peers. 0: ours, and the floor. */
  readonly peers: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  /** Messages of a broadcast that are on their way, in all rooms together. */
  readonly deliveriesOnTheirWay: number;
  readonly deliveriesPerSecond: number;
  readonly sockets: number;
  readonly atATime: number;
  readonly messagesPerSecond: number;
  readonly crowdSeconds: number;
  readonly halls: number;
  readonly leaves: number;
  /** Messages between two nodes. */
  readonly nodesPerSecond: number;
}

export interface Shape {
  readonly name: string;
  readonly rooms: number;
  readonly members: number;
}

/** Of a broadcast. The last one is that in which checking payloads costs the most. */
export const SHAPES: readonly Shape[] = [
  { name: "wide", rooms: 1, members: 1_000 },
  { name: "middle", rooms: 10, members: 100 },
  { name: "small", rooms: 100, members: 10 },
];
/** Members of a room where there are many. */
export const ROOM_MEMBERS = 10;

export const isWith = ({ peers }: ChannelsSettings, { package: name }: ContenderKind) => peers > 0 || name === null;

export function broadcasters(settings: ChannelsSettings, { name }: Shape): readonly ContenderKind[] {
  return CONTENDERS.filter((each) => isWith(settings, each) && (each.name !== "checked" || name === "small"));
}

/** Those that hold many sockets, and fall. */
export function holders(settings: ChannelsSettings): readonly ContenderKind[] {
  return CONTENDERS.filter((each) => isWith(settings, each) && !each.isAside);
}

const RATIO = "Ratio";
const text = (count: number): string => count.toLocaleString("en-US");

function rowsOf(kinds: readonly ContenderKind[], prefix: string): readonly Row[] {
  return kinds.map((each) => ({
    ...{ name: `${prefix}.${each.name}`, title: titleOf(each), isPeer: each.name !== OURS },
  }));
}

/** A measure, and how it compares with that of Socket.IO in the same round. */
function compared({ peers }: ChannelsSettings, measure: Measure, goal?: Omit<Goal, "rows">): readonly Measure[] {
  if (peers === 0) return [measure];
  const ratio = { name: `${measure.name}${RATIO}`, title: `${measure.title}, ÷ Socket.IO`, unit: "", digits: 2 };
  return [measure, goal === undefined ? ratio : { ...ratio, goal }];
}

/** Goals are ours. */
function judged(part: Part): Part {
  const rows = part.rows.filter(({ isPeer }) => !isPeer).map(({ name }) => name);
  const measures = part.measures.map((each) => (each.goal ? { ...each, goal: { ...each.goal, rows } } : each));
  return { ...part, measures };
}

/** The ratios that the parts show, from the figures of one round. */
export function ratiosOf(figures: Figures, parts: readonly Part[]): Figures {
  const ratios: Record<string, number> = {};
  for (const { rows, measures } of parts) {
    for (const { name: row } of rows) {
      for (const { name } of measures) {
        if (!name.endsWith(RATIO)) continue;
        const measure = name.slice(0, -RATIO.length);
        const base = figures[`${row.slice(0, row.lastIndexOf("."))}.${SOCKETIO}.${measure}`]!;
        ratios[`${row}.${name}`] = figures[`${row}.${measure}`]! / base;
      }
    }
  }
  return ratios;
}

const p50: Measure = { name: "p50", title: "p50", unit: "ms", digits: 2 };
const p99: Measure = { name: "p99", title: "p99", unit: "ms", digits: 2, isCharted: true };
const cpu: Measure = { name: "cpu", title: "server CPU per delivery", unit: "µs", digits: 1 };
const wrong: Measure = { name: "wrong", title: "wrong", unit: "", digits: 0, goal: { is: "≤", value: 0 } };

function aboutBroadcast({ deliveriesOnTheirWay, deliveriesPerSecond }: ChannelsSettings): string {
  return `Members send in turn, and all others in their room hear it; a delivery is a message that one client has
    received. *deliveries*: rooms send as fast as messages have reached everybody, with about
    ${text(deliveriesOnTheirWay)} deliveries on their way; several then share a write. The times are those of
    ${text(deliveriesPerSecond)} deliveries a second, from sending to receiving. *wrong* counts messages that a client
    missed, got twice or out of order. *clients' CPU* is of a processor: at 100 % they, not the server, are what is
    measured.`;
}

function broadcastPart(settings: ChannelsSettings, shape: Shape): Part {
  const { rooms, members } = shape;
  const rate: Measure = { name: "rate", title: "deliveries", unit: "/s", digits: 0, isCharted: true };
  return judged({
    title: `${rooms === 1 ? "One room" : `${text(rooms)} rooms`} of ${text(members)}`,
    about: shape === SHAPES[0] ? aboutBroadcast(settings) : "As above.",
    rows: rowsOf(broadcasters(settings, shape), shape.name),
    measures: [
      ...compared(settings, rate, { is: "≥", value: 1 }),
      ...compared(settings, cpu),
      p50,
      ...compared(settings, p99, { is: "≤", value: 1 }),
      { ...cpu, name: "pacedCpu", title: "server CPU then" },
      { name: "busy", title: "clients' CPU", unit: "%", digits: 0 },
      wrong,
    ],
  });
}

function crowdPart(settings: ChannelsSettings): Part {
  const { sockets, atATime, messagesPerSecond } = settings;
  const rate: Measure = { name: "rate", title: "joined", unit: "/s", digits: 0, isCharted: true };
  const held: Measure = { name: "held", title: "memory per socket", unit: "KiB", digits: 1, isCharted: true };
  return judged({
    title: `${text(sockets)} sockets in rooms of ${ROOM_MEMBERS}`,
    about: `They connect and join, ${atATime} at a time. Memory is what the server's process has grown by for each,
      after garbage was collected: what it holds on the heap and beside it, and what the system has given it. Then
      come ${text(messagesPerSecond)} messages a second, in all rooms in turn.`,
    rows: rowsOf(holders(settings), "crowd"),
    measures: [
      ...compared(settings, rate),
      ...compared(settings, { ...held, goal: { is: "<", value: 20 } }),
      { name: "resident", title: "resident", unit: "KiB", digits: 1 },
      p50,
      ...compared(settings, p99, { is: "≤", value: 1 }),
      ...compared(settings, cpu),
      wrong,
    ],
  });
}

function returnParts(settings: ChannelsSettings): readonly Part[] {
  const all = `${text(settings.sockets)} clients`;
  const back: Measure = { name: "back", title: "all are back after", unit: "s", digits: 2, isCharted: true };
  const measures: readonly Measure[] = [
    ...compared(settings, back),
    { name: "failed", title: "failed attempts", unit: "", digits: 0 },
    { name: "cpu", title: "server CPU", unit: "s", digits: 2 },
    wrong,
  ];
  return [
    judged({
      title: `${all} lose their connection`,
      about: `All at once, while the server lives. They come back as our client library does: after a pause drawn at
        random up to 250 ms, which doubles with each failure up to 10 s; those of Socket.IO here, too (its own
        library begins with a second). *wrong*: afterwards each room has a message.`,
      rows: rowsOf(holders(settings), "cut"),
      measures,
    }),
    judged({
      title: `The server of ${all} is killed`,
      about: `With SIGKILL, and started again at once. *listens after* is from its end until it takes connections. Most
        of the failed attempts are made before.`,
      rows: rowsOf(holders(settings), "killed"),
      measures: [{ name: "listens", title: "listens after", unit: "s", digits: 2 }, ...measures],
    }),
  ];
}

function presenceParts(settings: ChannelsSettings): readonly Part[] {
  const { sockets, messagesPerSecond, halls, leaves } = settings;
  const measures: readonly Measure[] = [p50, ...compared(settings, p99)];
  return [
    judged({
      title: "A member leaves, and the others hear of it",
      about: `${text(leaves)} members close their sockets, one after the other, in ${halls} rooms of ${ROOM_MEMBERS} in
        which members see who is there; the times are those until each other one has heard. Socket.IO has no presence:
        its server tells the room when a socket is disconnecting. Ours tells the first change after a pause at once, and
        gathers those of the next 50 ms. Nothing else happens.`,
      rows: rowsOf(holders(settings), "leaving"),
      measures,
    }),
    judged({
      title: "The same, while others talk",
      about: `With ${text(sockets)} more sockets, and ${text(messagesPerSecond)} messages a second among them.`,
      rows: rowsOf(holders(settings), "busyLeaving"),
      measures,
    }),
  ];
}

function nodesPart({ halls, leaves, nodesPerSecond }: ChannelsSettings): Part {
  return {
    title: "Two nodes on one Postgres",
    about: `Neighbours in a room are on different nodes. ${text(nodesPerSecond)} messages a second in ${halls} rooms of
      ${ROOM_MEMBERS}: the times of all deliveries, of which five of nine cross from one node to the other. Then
      ${text(leaves)} members leave, as above.`,
    rows: [{ name: `nodes.${OURS}`, title: "Lineshaft" }],
    measures: [
      { ...p50, title: "message, p50", isCharted: true },
      { ...p99, title: "message, p99" },
      { ...p50, name: "left50", title: "who left, p50", isCharted: true },
      { ...p99, name: "left99", title: "who left, p99" },
      wrong,
    ],
  };
}

export function channelsParts(settings: ChannelsSettings): readonly Part[] {
  return [
    ...SHAPES.map((shape) => broadcastPart(settings, shape)),
    crowdPart(settings),
    ...returnParts(settings),
    ...presenceParts(settings),
    nodesPart(settings),
  ];
}
