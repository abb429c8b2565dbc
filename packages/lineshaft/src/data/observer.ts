/** Observer: what watches the statements of a call, so that its answer can be kept as long as it is right. */
import type { StatementResult } from "./session.ts";

/** One statement that was answered. */
export interface StatementSeen {
  readonly service: string;
  readonly text: string;
  readonly parameters: readonly unknown[];
  /** The name under which its session has prepared it. */
  readonly name: string | undefined;
  /** Whether other statements of the call see the same snapshot. */
  readonly isInTransaction: boolean;
  /** What it gave, as the call gets it. */
  readonly rows: readonly unknown[];
  /** Asks something on the same session, in a transaction in the same snapshot. */
  ask(text: string, values: readonly unknown[]): Promise<StatementResult>;
}

export interface CallObserver {
  /** The call is made again: what was told before does not count. */
  restarted(): void;
  /** Told before the first statement's answer: a snapshot that every statement of the call contains, as text. */
  began(snapshot: string): void;
  /** Told of each statement before the call goes on. */
  seen(statement: StatementSeen): void | Promise<void>;
}
