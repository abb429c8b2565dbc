/** Canaries: breaks on purpose, one for each check, that it must find; or the check is blind. */
import type { Stage } from "./breaks.ts";
import type { Database } from "./database.ts";

export interface Canary {
  /** The check that must find it. */
  readonly check: string;
  /** What is broken. */
  readonly what: string;
  /** Done by the harness under load. Without one, the app or the harness itself reads the name of the canary. */
  readonly during?: (stage: Stage) => Promise<void>;
  /** Done by the harness before the state is read. */
  readonly after?: (database: Database) => Promise<void>;
}

export const CANARIES: Readonly<Record<string, Canary>> = {
  sum: { check: "sum", what: "a transfer puts the money there outside of its transaction" },
  acknowledged: {
    check: "acknowledged",
    what: "acknowledged rows are deleted by hand",
    after: async (database) => {
      await database.ask("delete from bank.transfer where id like '0-%'");
    },
  },
  counters: { check: "counters", what: "an event is lost between the commit and its emission" },
  numbers: {
    check: "numbers",
    what: "an event is deleted by hand",
    after: async (database) => {
      const first = "select min(id) from lineshaft.event where name = 'bank.increased'";
      await database.ask(`delete from lineshaft.event where id = (${first})`);
    },
  },
  effects: { check: "effects", what: "a handler's effects are outside of its transaction" },
  cursor: {
    check: "effects",
    what: "a handler's cursor moves first",
    during: async ({ database }) => {
      const position = "(select position from lineshaft.head)";
      await database.ask(`update lineshaft.cursor set position = ${position} where handler = 'bank.ledger'`);
    },
  },
  order: { check: "order", what: "events have no key" },
  schedules: { check: "schedules", what: "a schedule runs on every node" },
  later: { check: "later", what: "a command for later is planned twice" },
  steps: { check: "steps", what: "a step takes a new key for each attempt" },
  subscribers: { check: "subscribers", what: "a subscriber does not listen" },
  reads: { check: "reads", what: "callers see what they saw first" },
  nodes: {
    check: "nodes",
    what: "a node ends although no fault has ended it",
    during: async ({ nodes }) => {
      await nodes[0]!.kill("SIGKILL");
    },
  },
  "dead letters": { check: "dead letters", what: "a handler swallows its failure" },
};
