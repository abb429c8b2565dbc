/**
 * Guard: who calls, whether they may, and how often. Stands before every run, whatever way the call came in.
 */

import type { CallRuntime } from "../call/run.ts";
import { databaseFault, isConnectionLoss, isStalePlan } from "../data/failures.ts";
import { kyselyOf } from "../data/kysely.ts";
import { CallTransaction, NotAlone } from "../data/transaction.ts";
import { type Actor, NOBODY } from "../define/actor.ts";
import type { EndpointDefinition, RequestFacts } from "../define/endpoint.ts";
import { fault } from "../define/errors.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { type Counters, parseRate } from "./limits.ts";

/** How often one request looks up who calls. */
const LOOK_UPS_MAX = 3;

export interface GuardOptions {
  readonly runtime: CallRuntime;
  readonly services: readonly ServiceDefinition[];
  readonly counters: Counters;
}

export class Guard {
  readonly #options: GuardOptions;
  /** The service that tells who calls, when the app has one. */
  readonly #accounts: ServiceDefinition | undefined;
  /** Whether looking up who calls takes one statement, as far as we have seen. */
  #alone = true;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#accounts = options.services.find((each) => each.options.authenticate !== undefined);
  }

  /**
   * Who calls. Looked up only where the request brings credentials.
   *
   * @throws {Fault} UNAUTHENTICATED when the endpoint is for accounts and nobody known calls.
   */
  actor(endpoint: EndpointDefinition, facts: RequestFacts, now: Date): Actor | Promise<Actor> {
    const { authorization, cookie } = facts.headers;
    const known = authorization !== undefined || cookie !== undefined;
    if (!known || !this.#accounts) return admitted(endpoint, NOBODY, known);
    return this.#lookUp(this.#accounts, facts, now).then((actor) => admitted(endpoint, actor, known));
  }

  /** @throws {Fault} RATE_LIMITED when the endpoint's limit is used up. */
  async limit(name: string, endpoint: EndpointDefinition, actor: Actor, facts: RequestFacts, now: Date): Promise<void> {
    const { limit } = endpoint;
    if (!limit) return;
    const who = limit.per === "all" ? "" : limit.per === "actor" && actor.id !== null ? actor.id : facts.address;
    const verdict = await this.#options.counters.hit(`${name}|${who}`, parseRate(limit.rate), now.getTime());
    if (verdict.allowed) return;
    const retryAfterSeconds = Math.ceil(verdict.retryAfterMs / 1_000);
    throw fault("RATE_LIMITED", {
      retryAfterSeconds,
      detail: `At most ${limit.rate}; try again in ${retryAfterSeconds} s.`,
    });
  }

  /** Asked again when the session was out of date or broke: reading twice does no harm. */
  async #lookUp(accounts: ServiceDefinition, request: RequestFacts, now: Date): Promise<Actor> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#lookUpOnce(accounts, request, now);
      } catch (error) {
        if (error instanceof NotAlone) this.#alone = false;
        const again = error instanceof NotAlone || isStalePlan(error) || isConnectionLoss(error);
        if (!again || attempt === LOOK_UPS_MAX) throw databaseFault(error) ?? error;
      }
    }
  }

  async #lookUpOnce(accounts: ServiceDefinition, request: RequestFacts, now: Date): Promise<Actor> {
    const { pool, metrics } = this.#options.runtime;
    const transaction = new CallTransaction(pool, metrics, {
      isolation: "repeatable read",
      readOnly: true,
      alone: this.#alone,
    });
    try {
      const actor = await accounts.options.authenticate!({ db: kyselyOf(transaction, accounts), request, now });
      await transaction.commit();
      return actor;
    } catch (error) {
      transaction.rollback();
      throw transaction.failure ?? error;
    }
  }
}

/** The actor, if the endpoint is for such. */
function admitted(endpoint: EndpointDefinition, actor: Actor, known: boolean): Actor {
  if (endpoint.actor !== "account" || actor.kind === "account") return actor;
  throw fault("UNAUTHENTICATED", {
    detail: known ? "The credentials are not valid (any more)." : "The request carries no credentials.",
    facts: { credentials: known ? "invalid" : "missing" },
    headers: { "www-authenticate": "Bearer" },
  });
}
