/** Totals: the counts of a run, and how long it took until the lanes of a node that was gone went on. */
import type { Finding } from "./checks.ts";
import type { Entry, Outcome } from "./history.ts";
import type { EffectRow, State } from "./state.ts";

export interface Totals {
  readonly seconds: number;
  /** By kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly faultCount: number;
  readonly commands: Readonly<Record<Outcome, number>>;
  readonly reads: number;
  /** What subscribers were shown. */
  readonly answers: number;
  readonly events: number;
  readonly handled: number;
  /** Requests of steps that had been made before. */
  readonly stepsAgain: number;
  readonly scheduledRuns: number;
  readonly commandsLater: number;
  readonly deadLetters: number;
  readonly lost: number;
  readonly doubled: number;
  readonly stale: number;
  readonly wrong: number;
  /** Until all was handled after everything was healed; `null`: not in time. */
  readonly quietMs: number | null;
  /** Until the lanes of a node that was gone went on, by fault. */
  readonly takeOverMs: Readonly<Record<string, Spread>>;
}

export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly max: number;
}

export interface TotalsInput {
  readonly history: readonly Entry[];
  readonly state: State;
  readonly found: Readonly<Record<string, readonly Finding[]>>;
  readonly quietMs: number | null;
  readonly seconds: number;
}

const COMMANDS: readonly string[] = ["transfer", "increase", "later", "forget", "poison"];

export function totalsOf({ history, state, found, quietMs, seconds }: TotalsInput): Totals {
  const faults: Record<string, number> = {};
  const commands = { done: 0, refused: 0, unknown: 0 };
  const counts: Record<string, number> = {};
  for (const entry of history) {
    counts[entry.kind] = (counts[entry.kind] ?? 0) + 1;
    if (entry.kind === "fault") faults[entry.name] = (faults[entry.name] ?? 0) + 1;
    if (COMMANDS.includes(entry.kind)) commands[(entry as { outcome: Outcome }).outcome]++;
  }
  const findings = Object.values(found).flat();
  const countOf = (kind: Finding["kind"]) => findings.filter((each) => each.kind === kind).length;
  const asked = Object.values(state.outside);
  return {
    ...{ seconds, faults, commands, quietMs },
    faultCount: counts["fault"] ?? 0,
    reads: counts["read"] ?? 0,
    answers: counts["answer"] ?? 0,
    events: state.events.length,
    handled: state.effects.length,
    stepsAgain: asked.reduce((sum, keys) => sum + keys.length - 1, 0),
    scheduledRuns: state.ticks.length,
    commandsLater: state.later.length,
    deadLetters: state.dead.length,
    ...{ lost: countOf("lost"), doubled: countOf("doubled"), stale: countOf("stale"), wrong: countOf("wrong") },
    takeOverMs: takeOvers(history, state),
  };
}

/** Whoever handled a lane within this time before the fault had it. */
const RECENT_MS = 5_000;
/** A lane that had nothing to do for longer after the fault tells nothing of it. */
const BUSY_MS = 1_000;
/** Others wait between two attempts, or for the world outside: that is not the time of a take-over. */
const QUICK_HANDLERS: readonly string[] = ["ledger", "sums", "count"];

/**
 * How long it took from the loss of a node until each lane that it had handled went on: with another process, or with
 * this one once the fault was over. Of faults that hit one node, and lanes that had something to do.
 */
export function takeOvers(
  history: readonly Entry[],
  { events, effects }: Pick<State, "events" | "effects">,
): Record<string, Spread> {
  const eventOf = new Map(events.map((event) => [event.id, event]));
  const lanes = new Map<string, EffectRow[]>();
  for (const effect of effects) {
    if (!QUICK_HANDLERS.includes(effect.handler)) continue;
    const lane = `${effect.handler} ${eventOf.get(effect.event)?.lane}`;
    const found = lanes.get(lane);
    if (found) found.push(effect);
    else lanes.set(lane, [effect]);
  }
  const times: Record<string, number[]> = {};
  for (const entry of history) {
    if (entry.kind !== "fault" || entry.pid === null) continue;
    const { name, pid, atMs, endMs } = entry;
    for (const lane of lanes.values()) {
      const next = lane.findIndex((each) => each.atMs > (each.pid === pid ? endMs : atMs));
      const [before, first] = [lane[next - 1], lane[next]];
      if (before?.pid !== pid || before.atMs < atMs - RECENT_MS) continue;
      const fromMs = Math.max(atMs, eventOf.get(first!.event)?.atMs ?? 0);
      if (fromMs > atMs + BUSY_MS) continue;
      times[name] ??= [];
      times[name].push(first!.atMs - fromMs);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, each]) => [name, spreadOf(each)]));
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right);
  const median = Math.round(sorted[Math.floor(sorted.length / 2)]!);
  return { count: sorted.length, median, max: Math.round(sorted.at(-1)!) };
}
