/** Who calls. */

/** A signed-in account. */
export interface AccountActor {
  readonly kind: "account";
  readonly id: string;
  /** The session that the call came with. */
  readonly session: string;
  readonly email: string;
  readonly emailVerified: boolean;
}

/** Nobody that we know. */
export interface Nobody {
  readonly kind: "nobody";
  readonly id: null;
}

/** Who calls: an account, or nobody. `kind` tells them apart. */
export type Actor = AccountActor | Nobody;

/** Who may call an endpoint: a signed-in account, or anyone. */
export type ActorRule = "account" | "anyone";

/** What `run` sees: with the rule `account` there is always one. */
export type ActorOf<TRule> = [TRule] extends ["account"] ? AccountActor : Actor;

export const NOBODY: Nobody = Object.freeze({ kind: "nobody", id: null });
