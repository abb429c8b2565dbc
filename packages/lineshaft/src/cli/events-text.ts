/** How `lineshaft events` tells people what it has read. */
import type {
  EventState,
  LogState,
  NodeState,
  Overview,
  StepRow,
  TargetState,
  WorkDetails,
  WorkRow,
} from "./events-look.ts";
import { UNPLACED_MAX } from "./events-look.ts";
import { paint, table } from "./terminal.ts";

/** Characters of a cell that could be long; `events show` has all of it. */
const KEY_CHARS_MAX = 32;
const ERROR_CHARS_MAX = 100;

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

/** How long something takes or is ago, roughly: `3 h`. */
function spanText(seconds: number): string {
  const unit = UNITS.find(([size]) => seconds >= size);
  return unit ? `${Math.floor(seconds / unit[0])} ${unit[1]}` : `${Math.max(0, Math.floor(seconds))} s`;
}

const ageText = (at: Date | null): string => (at === null ? "" : spanText((Date.now() - at.getTime()) / 1_000));
const timeText = (at: Date | null): string => (at === null ? "" : `${at.toISOString().slice(0, 19)}Z`);

function cut(text: string | null, charsMax: number): string {
  const [first = ""] = (text ?? "").split("\n");
  return first.length > charsMax ? `${first.slice(0, charsMax - 1)}…` : first;
}

export function overviewText({ log, nodes, targets }: Overview): string {
  const of = (kind: TargetState["kind"]) => targets.filter((target) => target.kind === kind);
  const parts = [
    [logText(log)],
    [nodes.length === 0 ? paint("yellow", "No node runs: nothing is handled.") : nodesText(nodes)],
    section(of("handler"), ["HANDLER", "EVENT", "BEHIND", "OLDEST", "WAITING", "DEAD", "NODES"], handlerCells),
    section(of("schedule"), ["SCHEDULE", "NEXT DUE", "DEAD", "NODES", "LAST ERROR"], scheduleCells),
    section(of("command"), ["COMMAND FOR LATER", "WAITING", "NEXT DUE", "DEAD", "LAST ERROR"], commandCells),
  ].flat();
  const dead = targets.reduce((sum, target) => sum + target.dead, 0);
  if (dead > 0) parts.push(`${dead} failed for good: \`lineshaft events --dead\` lists them.`);
  return parts.join("\n\n");
}

function logText({ end, oldest, unplaced }: LogState): string {
  const kept = oldest === null ? `no events are kept, the end is position ${end}` : `positions ${oldest} to ${end}`;
  if (unplaced === 0) return `Log: ${kept}.`;
  return `Log: ${kept}; ${unplaced}${unplaced === UNPLACED_MAX ? " or more" : ""} have none yet.`;
}

function nodesText(nodes: readonly NodeState[]): string {
  const cells = ({ host, pid, startedAt, handlers, schedules, leads }: NodeState) => [
    ...[host, String(pid), timeText(startedAt), String(handlers), String(schedules)],
    leads ? "gives positions" : "",
  ];
  return table(["NODE", "PID", "SINCE", "HANDLERS", "SCHEDULES", ""], nodes.map(cells));
}

function section(
  targets: readonly TargetState[],
  head: readonly string[],
  cellsOf: (target: TargetState) => readonly string[],
): string[] {
  return targets.length === 0 ? [] : [table(head, targets.map(cellsOf))];
}

function handlerCells({ name, event, behind, waiting, dead, nodes }: TargetState): string[] {
  const { events, oldestAt, isAll } = behind!;
  const far = isAll ? String(events) : `${events} or more`;
  return [name, event!, far, ageText(oldestAt), String(waiting), deadText(dead), nodesOf(nodes)];
}

function scheduleCells({ name, nextDueAt, dead, nodes, lastError }: TargetState): string[] {
  return [name, timeText(nextDueAt), deadText(dead), nodesOf(nodes), cut(lastError, ERROR_CHARS_MAX)];
}

function commandCells({ name, waiting, nextDueAt, dead, lastError }: TargetState): string[] {
  return [name, String(waiting), timeText(nextDueAt), deadText(dead), cut(lastError, ERROR_CHARS_MAX)];
}

const deadText = (dead: number): string => (dead > 0 ? paint("red", String(dead)) : "0");
const nodesOf = (nodes: number): string => (nodes > 0 ? String(nodes) : paint("yellow", "none"));

export function listText(rows: readonly WorkRow[], state: WorkRow["state"]): string {
  if (rows.length === 0) return state === "dead" ? "There are no dead letters." : "Nothing waits.";
  const when = state === "dead" ? "FAILED" : "DUE";
  const cells = ({ id, target, event, key, name, attempts, dueAt, failedAt, error }: WorkRow) => [
    ...[id, target, event ?? "", cut(key ?? name, KEY_CHARS_MAX), String(attempts)],
    ...[timeText(state === "dead" ? failedAt : dueAt), cut(error, ERROR_CHARS_MAX)],
  ];
  return table(["ID", "TARGET", "EVENT", "KEY", "ATTEMPTS", when, "ERROR"], rows.map(cells));
}

export function eventText({ id, name, version, position, key, at, payload, handlers }: EventState): string {
  const head = facts(`Event ${id}: ${name}`, [
    ["version", String(version)],
    ["position", position ?? "none yet"],
    ["key", key ?? "none"],
    ["at", at.toISOString()],
    ["payload", JSON.stringify(payload)],
  ]);
  const rows = handlers.map(({ handler, state, work, attempts, dueAt, error, steps }) => {
    const due = state === "waiting" ? timeText(dueAt) : "";
    const names = steps.map((step) => step.name).join(", ");
    return [handler, state, work ?? "", work === null ? "" : String(attempts), due, names, cut(error, ERROR_CHARS_MAX)];
  });
  if (rows.length === 0) return `${head}\n\nNo handler handles it.`;
  return `${head}\n\n${table(["HANDLER", "STATE", "WORK", "ATTEMPTS", "DUE", "STEPS", "ERROR"], rows)}`;
}

export function workText(work: WorkDetails): string {
  const { id, kind, target, event, position, key, name, state, attempts, error, actor } = work;
  const lines: [string, string][] = [
    ["state", state === "dead" ? paint("red", "dead") : state],
    ["attempts", String(attempts)],
    [
      state === "dead" ? "failed" : "due",
      (state === "dead" ? (work.failedAt ?? work.dueAt) : work.dueAt).toISOString(),
    ],
    ["since", work.createdAt.toISOString()],
  ];
  if (event !== null) lines.unshift(["event", `${event}, position ${position}`], ["key", key ?? "none"]);
  if (name !== null) lines.unshift(["name", name]);
  if (actor !== null) lines.push(["as", actor.id === null ? actor.kind : `${actor.kind} ${actor.id}`]);
  if (work.input !== null) lines.push([kind === "handler" ? "payload" : "input", JSON.stringify(work.input)]);
  const parts = [facts(`Work ${id}: ${kind} ${target}`, lines)];
  if (error !== null) parts.push(error);
  if (work.steps.length > 0) parts.push(stepsText(work.steps));
  if (state === "dead") parts.push(`\`lineshaft events retry ${id}\` has it tried again.`);
  return parts.join("\n\n");
}

function stepsText(steps: readonly StepRow[]): string {
  const cells = ({ name, at, result }: StepRow) => [name, timeText(new Date(at)), JSON.stringify(result)];
  return table(["STEP", "DONE", "RESULT"], steps.map(cells));
}

function facts(title: string, lines: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...lines.map(([name]) => name.length));
  return [paint("bold", title), ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join("\n");
}
