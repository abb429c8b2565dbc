/**
 * Answers of queries: kept ones go out as they are; others are worked out, and kept where they may be.
 *
 * The scope of an answer is observed. A query whose `run` never looked at the actor has one answer for everybody; once
 * one run of it did, its answers are kept for each actor. What a run makes of the request's headers or of the time is
 * not kept, unless the query gives its answers a short life (`cache: { seconds }`).
 */
import { hash } from "node:crypto";
import type { Cache, Fill, Loaded } from "../cache/index.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type CallRequest, Looked } from "./context.ts";
import type { CompiledOutput } from "./output.ts";
import { type CallResult, type CallRuntime, expectSeveral, runCall } from "./run.ts";

/** An answer as bytes. */
export interface KeptAnswer {
  /** A text where all of it is ASCII, which the server sends in one piece with its head. */
  readonly body: string | Buffer;
  readonly tag: string;
  readonly entries: CallResult["headers"];
  /** When its life ends, in milliseconds; `null`: with the next change. */
  readonly untilMs: number | null;
}

/** The entity tag of a body (RFC 9110, section 8.8.3). */
export function tagOf(body: string | Buffer): string {
  return `W/"${hash("sha1", body, "base64url")}"`;
}

export class Answers {
  readonly #cache: Cache;
  readonly #metrics: Metrics;
  /** Queries that have looked at the actor. */
  readonly #scoped = new WeakSet<EndpointDefinition>();

  constructor(cache: Cache, metrics: Metrics) {
    this.#cache = cache;
    this.#metrics = metrics;
  }

  /** The answer that is kept, if there is one. */
  find(call: CallRequest): KeptAnswer | undefined {
    if (!this.#cache.isOn) return undefined;
    const key = this.#keyOf(call);
    const kept = this.#cache.get<KeptAnswer>(key);
    if (kept === undefined) return undefined;
    if (kept.untilMs !== null && call.now.getTime() >= kept.untilMs) {
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
    return this.#cache.load(this.#keyOf(call), (fill) => this.#run(runtime, call, output, fill));
  }

  async #run(
    runtime: CallRuntime,
    call: CallRequest,
    output: CompiledOutput,
    fill: Fill | null,
  ): Promise<Loaded<KeptAnswer>> {
    const looked = new Looked();
    const { value, headers: entries } = await runCall(runtime, { ...call, observer: fill, looked });
    const text = output.write(value);
    const bytes = Buffer.byteLength(text);
    const body = bytes === text.length ? text : Buffer.from(text);
    const { endpoint, now } = call;
    if (looked.atActor) this.#scoped.add(endpoint);
    const life = endpoint.cache === false ? null : endpoint.cache?.seconds;
    const untilMs = typeof life === "number" ? now.getTime() + life * 1_000 : null;
    if (fill) {
      if (fill.needsTransaction) expectSeveral(endpoint);
      if (looked.atRequest) fill.refuse("the request");
      if (looked.atNow && untilMs === null) fill.refuse("the time");
      if (entries.some(([name]) => name === "set-cookie")) fill.refuse("a cookie");
    }
    return { value: { body, tag: tagOf(body), entries, untilMs }, bytes, key: this.#keyOf(call) };
  }

  #keyOf(call: CallRequest): string {
    return questionKey(call, this.#scoped.has(call.endpoint));
  }
}

/** What is asked, and by whom where that matters. */
export function questionKey({ name, input, actor }: CallRequest, isScoped: boolean): string {
  const question = `${name}\0${JSON.stringify(input, asText)}`;
  return isScoped ? `${question}\0${JSON.stringify(actor)}` : question;
}

/** JSON has no 64-bit numbers. */
function asText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
