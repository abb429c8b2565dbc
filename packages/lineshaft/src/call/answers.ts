/**
 * Answers of queries: kept ones go out as they are; others are worked out, and kept where they may be.
 *
 * Each is kept for those in its scope (`scope.ts`). What a run makes of the request's headers is not kept, nor what it
 * makes of the time, unless the query gives its answers a short life (`cache: { seconds }`).
 */
import { hash } from "node:crypto";
import type { Cache, Fill, Loaded } from "../cache/index.ts";
import { type Actor, NOBODY } from "../define/actor.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { CallRequest } from "./context.ts";
import type { Looked } from "./looked.ts";
import type { CompiledOutput } from "./output.ts";
import type { CallResult, CallRuntime } from "./run.ts";
import { AUTHORIZED, authorizationOf, lifeMsOf, questionOf, type Scopes } from "./scope.ts";

/** An answer as bytes. */
export interface KeptAnswer {
  /** A text where all of it is ASCII, which the server sends in one piece with its head. */
  readonly body: string | Buffer;
  readonly tag: string;
  readonly entries: CallResult["headers"];
  /** When its life ends, in milliseconds; `null`: with the next change. */
  readonly untilMs: number | null;
  /** What the server makes of it to send it, kept with it. */
  readonly made: Made;
  /** How to work it out again, for those who check; `null` for an answer with a life, which may be old. */
  readonly asked: Asked | null;
}

/** Filled by those who send answers. Compressed bodies are counted at half of what the body weighs. */
export interface Made {
  headers?: string[];
  br?: Promise<Buffer>;
  gzip?: Promise<Buffer>;
}

/** A question as it was asked, without what its run did not look at: a request must not live as long as its answer. */
export interface Asked {
  readonly endpoint: EndpointDefinition;
  readonly name: string;
  readonly output: CompiledOutput;
  readonly input: unknown;
  readonly actor: Actor;
  readonly origin: string;
}

/** What a body weighs together with what is made of it. */
const BYTES_WITH_MADE = 1.5;
/** What a question weighs beside its answer, and each character of its key: measured, rounded up. */
const ASKED_BYTES = 200;
const ASKED_BYTES_PER_CHARACTER = 4;

/** The entity tag of a body (RFC 9110, section 8.8.3). */
export function tagOf(body: string | Buffer): string {
  return `W/"${hash("sha1", body, "base64url")}"`;
}

function askedOf({ endpoint, name, input, actor, facts }: CallRequest, output: CompiledOutput, looked: Looked): Asked {
  const { atActor, atOrigin } = looked;
  return { endpoint, name, output, input, actor: atActor ? actor : NOBODY, origin: atOrigin ? facts.origin : "" };
}

export class Answers {
  readonly #cache: Cache;
  readonly #metrics: Metrics;
  readonly #scopes: Scopes;

  constructor(cache: Cache, metrics: Metrics, scopes: Scopes) {
    this.#cache = cache;
    this.#metrics = metrics;
    this.#scopes = scopes;
  }

  /**
   * Finds out whether the actor of a call may make it.
   *
   * @throws {Fault} what `authorize` failed with.
   */
  async authorize(runtime: CallRuntime, call: CallRequest): Promise<void> {
    const asked = authorizationOf(call);
    if (asked !== null && !this.find(questionOf(asked), asked)) await this.work(runtime, asked, AUTHORIZED);
  }

  /** The answer that is kept to a question (`questionOf`), if there is one. */
  find(question: string, call: Pick<CallRequest, "endpoint" | "actor" | "facts" | "now">): KeptAnswer | undefined {
    if (!this.#cache.isOn && !this.#cache.isBrief) return undefined;
    const key = this.#scopes.scoped(question, call);
    const kept = this.#cache.get<KeptAnswer>(key);
    if (kept === undefined) return undefined;
    const restMs = kept.untilMs === null ? null : kept.untilMs - call.now.getTime();
    // More than the whole life is left where the clock was set back.
    if (restMs !== null && (restMs <= 0 || restMs > lifeMsOf(call.endpoint)!)) {
      this.#cache.delete(key);
      return undefined;
    }
    this.#metrics.cacheHits.inc();
    return kept;
  }

  /**
   * Works an answer out.
   *
   * @throws {Fault} as `runCall` does.
   */
  async work(runtime: CallRuntime, call: CallRequest, output: CompiledOutput): Promise<KeptAnswer> {
    this.#metrics.cacheMisses.inc();
    return this.#cache.load(this.#scopes.keyOf(call), (fill) => this.#run(runtime, call, output, fill));
  }

  async #run(
    runtime: CallRuntime,
    call: CallRequest,
    output: CompiledOutput,
    fill: Fill | null,
  ): Promise<Loaded<KeptAnswer>> {
    const { text, headers: entries, looked } = await this.#scopes.run(runtime, call, output, fill);
    const bytes = Buffer.byteLength(text);
    const body = bytes === text.length ? text : Buffer.from(text);
    const { endpoint, now } = call;
    const lifeMs = lifeMsOf(endpoint);
    if (looked.atRequest) fill?.refuse("the request");
    if (entries.some(([name]) => name === "set-cookie")) fill?.refuse("a cookie");
    const untilMs = lifeMs === null ? null : now.getTime() + lifeMs;
    const isBrief = fill !== null && fill.untilMs !== null;
    const asked = untilMs !== null || isBrief ? null : askedOf(call, output, looked);
    const key = this.#scopes.keyOf(call);
    const weight = asked ? ASKED_BYTES + ASKED_BYTES_PER_CHARACTER * key.length : 0;
    const answer: KeptAnswer = { body, tag: tagOf(body), entries, untilMs, made: {}, asked };
    return { value: answer, bytes: BYTES_WITH_MADE * bytes + weight, key };
  }
}
