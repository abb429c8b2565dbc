/**
 * Steps: the units of a plan.
 *
 * A step has a name that says what it does to what (`drop-column:links.link.note`), by which it can be allowed.
 * - `additive`: loses nothing and cannot fail on the rows that were there when the plan was made.
 * - `risky`: loses nothing, and can fail on rows that exist, or fills them in.
 * - `destructive`: loses data, or a rule that was kept so far.
 * Only additive steps run without being named.
 */
import type { TableModel } from "./model.ts";

export type StepKind = "additive" | "risky" | "destructive";

/** One change. */
export interface Step {
  /** `verb-noun:schema.table.object`. */
  readonly name: string;
  readonly kind: StepKind;
  /** `missing`: a declared table or column is not there. `differs`: something else declared is. `extra`: undeclared. */
  readonly need: "missing" | "differs" | "extra";
  /** What it does and what may go wrong, in a sentence. */
  readonly why: string;
  /** Locks that it takes, and for how long. */
  readonly locks: string;
  /** Statements, each ending in `;`. */
  readonly sql: string;
  /** True when it runs outside a transaction, beside running writes. */
  readonly online: boolean;
  /** Names of steps without which it cannot run. */
  readonly needs: readonly string[];
}

/** The order of a plan: what loosens comes before what changes, what takes away comes last. */
export const PHASES = ["schema", "table", "loosen", "column", "constraint", "foreign", "index", "drop"] as const;

export type Draft = Pick<Step, "name" | "why"> & {
  readonly phase: (typeof PHASES)[number];
  readonly statements: readonly string[];
} & Partial<Pick<Step, "kind" | "need" | "locks" | "online" | "needs">>;

export const LOCKS = {
  instant: "ACCESS EXCLUSIVE on the table, for an instant",
  scan: "ACCESS EXCLUSIVE on the table while all its rows are read",
  rewrite: "ACCESS EXCLUSIVE on the table while it is written anew",
  online: "SHARE UPDATE EXCLUSIVE on the table: reads and writes go on",
  foreign: "SHARE ROW EXCLUSIVE on both tables, for an instant",
  none: "none on existing tables",
} as const;

/** Name of a step on a table or on something of it. */
export function stepName(verb: string, table: Pick<TableModel, "schema" | "name">, object?: string): string {
  return `${verb}:${[table.schema, table.name, ...(object === undefined ? [] : [object])].join(".")}`;
}

/** Puts drafts in order. Within a phase they keep theirs. */
export function finishSteps(drafts: readonly Draft[]): Step[] {
  const rank = (draft: Draft): number => (draft.online ? PHASES.length : 0) + PHASES.indexOf(draft.phase);
  return drafts
    .toSorted((left, right) => rank(left) - rank(right))
    .map(({ phase: _, statements, ...draft }) => ({
      kind: "additive",
      need: "differs",
      locks: LOCKS.instant,
      online: false,
      needs: [],
      ...draft,
      sql: statements.map((statement) => `${statement};`).join("\n"),
    }));
}
