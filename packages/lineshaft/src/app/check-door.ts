/**
 * The check of the cache, on the private port: `POST /cache/check?samples=200&seconds=10`, answered with a report.
 *
 * One at a time on a node; it ends with its asker, and with the node. What asks it is `lineshaft check cache`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type CacheCheck, SAMPLES, SAMPLES_MAX, SECONDS, SECONDS_MAX } from "../call/cache-check.ts";

export const CHECK_PATH = "/cache/check";

export class CheckDoor implements Disposable {
  readonly #check: CacheCheck;
  readonly #end = new AbortController();
  #isBusy = false;

  constructor(check: CacheCheck) {
    this.#check = check;
  }

  /** Answers a request for `CHECK_PATH`. */
  async handle({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(url!, "http://localhost");
    const samples = numberOf(searchParams, "samples", SAMPLES, SAMPLES_MAX);
    const seconds = numberOf(searchParams, "seconds", SECONDS, SECONDS_MAX);
    if (method !== "POST") return say(response, 405, "Use POST.");
    if (samples === null) return say(response, 400, `samples is a whole number from 1 to ${SAMPLES_MAX}.`);
    if (seconds === null) return say(response, 400, `seconds is a whole number from 1 to ${SECONDS_MAX}.`);
    if (this.#isBusy) return say(response, 409, "Another check is under way on this node: try again when it is over.");
    this.#isBusy = true;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#end.signal, AbortSignal.timeout(seconds * 1_000)]);
    const { report, ended } = this.#check.run({ samples, signal });
    void ended.finally(() => {
      this.#isBusy = false;
    });
    const found = await report;
    if (this.#end.signal.aborted) return say(response, 503, "The node stops.");
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
  }

  /** Ends the check that is under way. */
  [Symbol.dispose](): void {
    this.#end.abort();
  }
}

function numberOf(parameters: URLSearchParams, name: string, fallback: number, max: number): number | null {
  const text = parameters.get(name) ?? String(fallback);
  return /^[1-9]\d{0,8}$/.test(text) && Number(text) <= max ? Number(text) : null;
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}
