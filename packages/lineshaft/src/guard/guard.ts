/**
 * Guard: who calls, whether they may, and how often. Stands before every run, whatever way the call came in.
 */

import type { Cache, Fill } from "../cache/index.ts";
import type { CallRuntime } from "../call/run.ts";
import { databaseFault, isConnectionLoss, isStalePlan } from "../data/failures.ts";
import { kyselyOf } from "../data/kysely.ts";
import { CallTransaction, NotAlone } from "../data/transaction.ts";
import { type Actor, NOBODY } from "../define/actor.ts";
import type { EndpointDefinition, Limit, RequestFacts } from "../define/endpoint.ts";
import { type Fault, fault } from "../define/errors.ts";
import type { Recognized, ServiceDefinition } from "../define/service.ts";
import { type Counters, parseRate, type Verdict } from "./limits.ts";

/** How often one request looks up who calls. */
const LOOK_UPS_MAX = 3;

export interface GuardOptions {
  readonly runtime: CallRuntime;
  readonly services: readonly ServiceDefinition[];
  readonly counters: Counters;
  /** Keeps who was recognized; `null`: nobody is. */
  readonly cache: Cache | null;
}

/** A call, as it is counted. */
export interface Counted {
  readonly name: string;
  readonly actor: Actor;
  readonly address: string;
  readonly now: Date;
}

/** The one cookie that changes with every write, and tells nothing of who calls. */
const POSITION = / *lineshaft_position=[^;]*;?/;
/** What a recognized caller weighs in the cache, in bytes. */
const RECOGNIZED_BYTES = 400;

export class Guard {
  readonly #options: GuardOptions;
  /** The service that tells who calls, when the app has one. */
  readonly #accounts: ServiceDefinition | undefined;
  /** Whether looking up who calls takes one statement, as far as we have seen; and one that is watched. */
  #alone = true;
  #watchedAlone = true;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#accounts = options.services.find((each) => each.options.authenticate !== undefined);
  }

  /**
   * Who calls. Looked up only where the request brings credentials.
   *
   * @param trusts  Whether what is kept is new enough for this caller.
   *
   * @throws {Fault} UNAUTHENTICATED when the endpoint is for accounts and nobody known calls.
   */
  actor(endpoint: EndpointDefinition, facts: RequestFacts, now: Date, trusts = true): Actor | Promise<Actor> {
    const { authorization, cookie } = facts.headers;
    const known = authorization !== undefined || cookie !== undefined;
    if (!known || !this.#accounts) return admitted(endpoint, NOBODY, known);
    const found = this.#recognize(this.#accounts, facts, now, trusts);
    if (found instanceof Promise) return found.then(({ actor }) => admitted(endpoint, actor, known));
    return admitted(endpoint, found.actor, known);
  }

  /** Who calls, asked of the database and watched by `fill`: for callers who stay. */
  recognize(facts: RequestFacts, now: Date, fill: Fill | null): Promise<Recognized> {
    const { authorization, cookie } = facts.headers;
    const known = authorization !== undefined || cookie !== undefined;
    if (!known || !this.#accounts) return Promise.resolve({ actor: NOBODY, until: null });
    return this.#lookUp(this.#accounts, facts, now, fill);
  }

  /** @throws {Fault} RATE_LIMITED when the endpoint's limit is used up. */
  async limit(name: string, endpoint: EndpointDefinition, actor: Actor, facts: RequestFacts, now: Date): Promise<void> {
    const { limit } = endpoint;
    if (!limit) return;
    const verdict = await this.count(limit, { name, actor, address: facts.address, now });
    if (!verdict.allowed) throw limited(limit, verdict);
  }

  /** Counts one call against a limit. */
  count(limit: Limit, { name, actor, address, now }: Counted): Verdict | Promise<Verdict> {
    const who = limit.per === "all" ? "" : limit.per === "actor" && actor.id !== null ? actor.id : address;
    return this.#options.counters.hit(`${name}|${who}`, parseRate(limit.rate), now.getTime());
  }

  /** At memory speed while nothing has changed: a session that was ended is refused with the next request. */
  #recognize(
    accounts: ServiceDefinition,
    facts: RequestFacts,
    now: Date,
    trusts: boolean,
  ): Recognized | Promise<Recognized> {
    const { cache } = this.#options;
    // Who is signed out is refused with the next request: where that cannot be heard, nobody is kept.
    if (!cache || !trusts || cache.isBrief) return this.#lookUp(accounts, facts, now, null);
    const { authorization, cookie } = facts.headers;
    const key = cookie === undefined ? String(authorization) : callerKey(authorization, cookie, facts.origin);
    const kept = cache.isOn ? cache.get<Recognized>(key) : undefined;
    if (kept && (kept.until === null || now < kept.until)) return kept;
    return cache.load(key, async (fill) => {
      const value = await this.#lookUp(accounts, facts, now, fill);
      // Who tries tokens must not push out those that are good.
      if (value.actor.kind === "nobody") fill?.refuse("nobody");
      return { key, value, bytes: RECOGNIZED_BYTES };
    });
  }

  /** Asked again when the session was out of date or broke: reading twice does no harm. */
  async #lookUp(accounts: ServiceDefinition, request: RequestFacts, now: Date, fill: Fill | null): Promise<Recognized> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#lookUpOnce(accounts, request, now, fill);
      } catch (error) {
        if (error instanceof NotAlone) this.#alone = false;
        const again = error instanceof NotAlone || isStalePlan(error) || isConnectionLoss(error);
        if (!again || attempt === LOOK_UPS_MAX) throw databaseFault(error) ?? error;
        fill?.restarted();
      }
    }
  }

  async #lookUpOnce(
    accounts: ServiceDefinition,
    request: RequestFacts,
    now: Date,
    observer: Fill | null,
  ): Promise<Recognized> {
    const { pool, metrics } = this.#options.runtime;
    const alone = this.#alone && (observer === null || this.#watchedAlone);
    const rule = { isolation: "repeatable read", readOnly: true } as const;
    const transaction = new CallTransaction(pool, metrics, { ...rule, alone, observer });
    try {
      const found = await accounts.options.authenticate!({ db: kyselyOf(transaction, accounts), request, now });
      await transaction.commit();
      if (observer?.needsTransaction) this.#watchedAlone = false;
      return found;
    } catch (error) {
      transaction.rollback();
      throw transaction.failure ?? error;
    }
  }
}

/** What whoever is over a limit is told. */
export function limited({ rate }: Limit, { retryAfterMs }: Verdict): Fault {
  const retryAfterSeconds = Math.ceil(retryAfterMs / 1_000);
  const detail = `At most ${rate}; try again in ${retryAfterSeconds} s.`;
  return fault("RATE_LIMITED", { retryAfterSeconds, detail });
}

/**
 * No header holds a NUL, and every other key in the cache does: a header by itself is a key of its own. A cookie that
 * counts at one origin need not count at another: over https it must have a name that only this host can set.
 */
function callerKey(
  authorization: string | readonly string[] | undefined,
  cookie: string | readonly string[],
  origin: string,
): string {
  return `\0who\0${authorization}\0${String(cookie).replace(POSITION, "")}\0${origin}`;
}

/** The actor, if the endpoint is for such. @throws {Fault} UNAUTHENTICATED */
export function admitted(endpoint: EndpointDefinition, actor: Actor, known: boolean): Actor {
  if (endpoint.actor !== "account" || actor.kind === "account") return actor;
  throw fault("UNAUTHENTICATED", {
    detail: known ? "The credentials are not valid (any more)." : "The request carries no credentials.",
    facts: { credentials: known ? "invalid" : "missing" },
    headers: { "www-authenticate": "Bearer" },
  });
}
