/**
 * Checks: pure functions that say what a history and the state at its end have against a promise.
 *
 * Model. A call that was acknowledged has happened, one that was refused has not, one whose end is unknown may have.
 * Each check has a canary in `canaries.ts`: a break on purpose that it must find.
 */
import type { Entry } from "./history.ts";
import type { EffectRow, EventRow, State } from "./state.ts";

export interface Evidence {
  readonly history: readonly Entry[];
  readonly state: State;
  /** Handlers by the name of their event. */
  readonly handlers: Readonly<Record<string, readonly string[]>>;
  /** What an account has in the beginning. */
  readonly balance: number;
}

/** `stale`: an answer that was too old. `wrong`: anything else that was promised otherwise. */
export interface Finding {
  readonly kind: "lost" | "doubled" | "stale" | "wrong";
  readonly what: string;
}

export type Check = (evidence: Evidence) => Finding[];

const lost = (what: string): Finding => ({ kind: "lost", what });
const doubled = (what: string): Finding => ({ kind: "doubled", what });
const stale = (what: string): Finding => ({ kind: "stale", what });
const wrong = (what: string): Finding => ({ kind: "wrong", what });

function group<TItem>(items: Iterable<TItem>, keyOf: (item: TItem) => string): Map<string, TItem[]> {
  const groups = new Map<string, TItem[]>();
  for (const item of items) {
    const key = keyOf(item);
    const found = groups.get(key);
    if (found) found.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function entriesOf<TKind extends Entry["kind"]>(history: readonly Entry[], kind: TKind) {
  return history.filter((entry): entry is Extract<Entry, { kind: TKind }> => entry.kind === kind);
}

/** How many times something is there, against how many times it should be. */
function once(what: string, count: number, { least, most }: { least: number; most: number }): Finding[] {
  if (count < least) return [lost(`${what}: ${count} times, expected ${least}`)];
  return count > most ? [doubled(`${what}: ${count} times, expected ${most}`)] : [];
}

/** Money only moves. */
const checkSum: Check = ({ state, balance }) => {
  const should = new Map(state.accounts.map(({ number }) => [number, balance]));
  for (const { source, target, amount } of state.transfers) {
    should.set(source, should.get(source)! - amount);
    should.set(target, should.get(target)! + amount);
  }
  const findings = state.accounts
    .filter((account) => account.balance !== should.get(account.number))
    .map((account) =>
      wrong(`account ${account.number} has ${account.balance}; its transfers make ${should.get(account.number)}`),
    );
  const sum = state.accounts.reduce((total, account) => total + account.balance, 0);
  const whole = balance * state.accounts.length;
  return sum === whole ? findings : [wrong(`the sum of all accounts is ${sum} instead of ${whole}`), ...findings];
};

/** What was acknowledged is there, once; what was refused is not; and nothing else is. */
const checkAcknowledged: Check = ({ history, state }) => {
  const there = group(state.transfers, ({ id }) => id);
  const findings = entriesOf(history, "transfer").flatMap(({ id, outcome }) => {
    const count = there.get(id)?.length ?? 0;
    there.delete(id);
    return once(`transfer ${id}, ${outcome}`, count, bounds(outcome));
  });
  return [...findings, ...[...there.keys()].map((id) => wrong(`transfer ${id} is there, and nobody asked for it`))];
};

const bounds = (outcome: "done" | "refused" | "unknown") => ({
  least: outcome === "done" ? 1 : 0,
  most: outcome === "refused" ? 0 : 1,
});

/** A counter has each acknowledged increase, no value twice, and as many events as its value says. */
const checkCounters: Check = ({ history, state }) => {
  const asked = group(entriesOf(history, "increase"), ({ counter }) => counter);
  const events = group(
    state.events.filter(({ name }) => name === "bank.increased"),
    ({ key }) => key,
  );
  return Object.entries(state.counters).flatMap(([counter, value]) => {
    const own = asked.get(counter) ?? [];
    const done = own.filter(({ outcome }) => outcome === "done");
    const least = done.length;
    const most = least + own.filter(({ outcome }) => outcome === "unknown").length;
    const told = [...group(done, (each) => String(each.value))];
    return [
      ...once(`increases of ${counter}`, value, { least, most }),
      ...told
        .filter(([, times]) => times.length > 1)
        .map(([told, times]) => doubled(`${times.length} callers of ${counter} were told ${told}`)),
      ...once(`events of ${counter}`, events.get(counter)?.length ?? 0, { least: value, most: value }),
    ];
  });
};

/** Each event was handled once by each of its handlers, and nothing was that did not happen. */
const checkEffects: Check = ({ state, handlers }) => {
  const effects = group(state.effects, ({ event, handler }) => `${event} ${handler}`);
  const findings = state.events.flatMap(({ id, name, key, number }) =>
    (handlers[name] ?? []).flatMap((handler) => {
      const count = effects.get(`${id} ${handler}`)?.length ?? 0;
      effects.delete(`${id} ${handler}`);
      return once(`event ${id} (${name} ${key} ${number}) by ${handler}`, count, { least: 1, most: 1 });
    }),
  );
  return [...findings, ...[...effects.keys()].map((each) => wrong(`an effect without its event: ${each}`))];
};

/** Events of one key are handled in their order. Dead letters were sent again later: they are left aside. */
const checkOrder: Check = ({ state }) => {
  const inOrder = state.effects.filter(({ handler }) => handler !== "choke");
  return [...group(inOrder, ({ handler, key }) => `${handler} ${key}`)].flatMap(([what, effects]) =>
    effects
      .slice(1)
      .flatMap((each, index) =>
        each.number > effects[index]!.number ? [] : [wrong(disorder(what, effects[index]!, each))],
      ),
  );
};

const disorder = (what: string, before: EffectRow, after: EffectRow): string =>
  `${what}: number ${after.number} (event ${after.event}) came after number ${before.number} (event ${before.event})`;

/** What a key's events are numbered: without gaps, so that nothing was lost before it became an event. */
const checkNumbers: Check = ({ state }) =>
  [...group(state.events, ({ name, key }) => `${name} ${key}`)]
    .filter(([what]) => !what.startsWith("bank.poisoned"))
    .flatMap(([what, events]) => {
      const numbers = group(events, ({ number }: EventRow) => String(number));
      return Array.from({ length: events.length }, (_, index) => index + 1).flatMap((number) =>
        once(`event ${what} number ${number}`, numbers.get(String(number))?.length ?? 0, { least: 1, most: 1 }),
      );
    });

/** Schedules whose missed runs are all made up for, and how far their runs are apart. */
const COMPLETE_MS: Readonly<Record<string, number>> = { each: 1_000, cron: 3_000 };

/** Each run once, and none left out where all are promised. */
const checkSchedules: Check = ({ state }) =>
  [...group(state.ticks, ({ schedule }) => schedule)].flatMap(([schedule, ticks]) => {
    const dues = group(ticks, ({ dueMs }) => String(dueMs));
    const findings = [...dues].flatMap(([due, runs]) =>
      once(`run of ${schedule} at ${new Date(Number(due)).toISOString()}`, runs.length, { least: 1, most: 1 }),
    );
    const stepMs = COMPLETE_MS[schedule];
    if (stepMs === undefined) return findings;
    const sorted = [...dues.keys()].map(Number).sort((left, right) => left - right);
    const gaps = sorted
      .slice(1)
      .flatMap((dueMs, index) =>
        dueMs - sorted[index]! === stepMs
          ? []
          : [
              lost(
                `runs of ${schedule} after ${new Date(sorted[index]!).toISOString()} for ${dueMs - sorted[index]!} ms`,
              ),
            ],
      );
    return [...findings, ...gaps];
  });

/** Commands for later ran once and not too early, unless they were cancelled. */
const checkLater: Check = ({ history, state }) => {
  const ran = group(state.later, ({ name }) => name);
  const forgotten = group(entriesOf(history, "forget"), ({ name }) => name);
  const findings = entriesOf(history, "later").flatMap(({ name, outcome }) => {
    const count = ran.get(name)?.length ?? 0;
    ran.delete(name);
    const tries = forgotten.get(name) ?? [];
    const isCancelled = tries.some(({ outcome, isCancelled }) => outcome === "done" && isCancelled);
    const mayBe = tries.some(({ outcome }) => outcome === "unknown");
    const { least, most } = bounds(outcome);
    const range = { least: isCancelled || mayBe ? 0 : least, most: isCancelled ? 0 : most };
    return once(`later ${name}, ${outcome}${isCancelled ? ", cancelled" : ""}`, count, range);
  });
  const early = state.later.filter(({ earlyMs }) => earlyMs > CLOCK_MS);
  return [
    ...findings,
    ...[...ran.keys()].map((name) => wrong(`later ${name} ran, and nobody asked for it`)),
    ...early.map(({ name, earlyMs }) => wrong(`later ${name} ran ${earlyMs} ms too early`)),
  ];
};

/** Clocks are read at different places of one machine. */
const CLOCK_MS = 5;

/** The world outside was asked at least once for each event, always with the same key, and no two events shared one. */
const checkSteps: Check = ({ state }) => {
  const charged = state.events.filter(({ name }) => name === "bank.charged");
  const usedBy = new Map<string, string>();
  return charged.flatMap(({ id }) => {
    const keys = [...new Set(state.outside[id] ?? [])];
    const findings = once(`keys of the step of event ${id}`, keys.length, { least: 1, most: 1 });
    const shared = keys
      .filter((key) => usedBy.has(key))
      .map((key) => doubled(`events ${id} and ${usedBy.get(key)}: ${key}`));
    for (const key of keys) usedBy.set(key, id);
    return [...findings, ...shared];
  });
};

/** What a subscriber was shown never went back, and in the end it is the truth. */
const checkSubscribers: Check = ({ history, state }) => {
  const before = new Map<string, number>();
  const back = entriesOf(history, "answer").flatMap(({ subscriber, values }) =>
    Object.entries(values).flatMap(([counter, value]) => {
      const key = `${subscriber}, ${counter}`;
      const known = before.get(key) ?? 0;
      before.set(key, Math.max(known, value));
      return value < known ? [stale(`${key}: ${value} was shown after ${known}`)] : [];
    }),
  );
  const old = Object.entries(state.shown).flatMap(([subscriber, values]) =>
    Object.entries(state.counters)
      .filter(([counter, value]) => values[counter] !== value)
      .map(([counter, value]) => stale(`${subscriber} ends at ${values[counter]} of ${counter}, which is ${value}`)),
  );
  return [...back, ...old];
};

/** A caller reads what it wrote. */
const checkReads: Check = ({ history }) =>
  entriesOf(history, "read")
    .filter(({ least, seen }) => seen < least)
    .map(({ counter, least, seen }) => stale(`a caller that wrote ${least} read ${seen} of ${counter}`));

/** Poison, and nothing else, became a dead letter; once it was sent again, nothing is left to do. */
const checkDeadLetters: Check = ({ state }) => {
  const poisoned = state.events.filter(({ name }) => name === "bank.poisoned").length;
  const dead = state.dead.filter(({ target }) => target === "bank.choke").length;
  const others = state.dead.filter(({ target }) => target !== "bank.choke");
  return [
    ...once("dead letters", dead, { least: poisoned, most: poisoned }),
    ...others.map(({ target, error }) => lost(`${target} gave up: ${error}`)),
    ...state.work.map((left) => lost(`${left.kind} ${left.target} is ${left.state} at the end: ${left.error}`)),
  ];
};

/** Whatever breaks around it, a node goes on; and faults do what they are meant to do. */
const checkNodes: Check = ({ history }) => [
  ...entriesOf(history, "ended").map(({ port }) => wrong(`the node on port ${port} ended by itself`)),
  ...entriesOf(history, "fault").flatMap(({ name, error }) => (error === null ? [] : [wrong(`${name}: ${error}`)])),
];

export const CHECKS: Readonly<Record<string, Check>> = {
  sum: checkSum,
  acknowledged: checkAcknowledged,
  counters: checkCounters,
  numbers: checkNumbers,
  effects: checkEffects,
  order: checkOrder,
  schedules: checkSchedules,
  later: checkLater,
  steps: checkSteps,
  subscribers: checkSubscribers,
  reads: checkReads,
  "dead letters": checkDeadLetters,
  nodes: checkNodes,
};

/** What each check has found; those without findings are left out. */
export function check(evidence: Evidence): Record<string, Finding[]> {
  const found = Object.entries(CHECKS).map(([name, each]) => [name, each(evidence)] as const);
  return Object.fromEntries(found.filter(([, findings]) => findings.length > 0));
}
