/**
 * Event stream: one subscription over HTTP, as server-sent events (WHATWG HTML, section 9.2).
 *
 * States. `opening` (until the first answer, so that a failure is a usual problem document) `→ open → ended`.
 * Limits. `WAITING_BYTES_MAX` bytes wait for a slow reader, and then the newest answer does; who reads nothing for
 * `STALLED_BEATS_MAX` heartbeats is cut off.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer, Sink } from "../../live/index.ts";
import { formatPosition } from "../../log/position.ts";
import { accepts, type Headers } from "../answer.ts";
import { asFault, problemAnswer } from "../problem.ts";
import type { Route } from "../routes.ts";
import type { Party } from "./party.ts";

export const EVENT_STREAM = "text/event-stream";
/** Bytes that wait for a slow reader of a stream or a socket. */
export const WAITING_BYTES_MAX = 1_048_576;
/** How often a comment goes out while nothing else does. */
export const HEARTBEAT_MS = 15_000;
/** How long a client waits before it connects again. */
export const RECONNECT_MS = 1_000;
/** Heartbeats during which a reader may take nothing. */
export const STALLED_BEATS_MAX = 4;

/** Whether a request asks for the answers of a query as a stream. */
export function asksForEvents({ method, headers: { accept } }: IncomingMessage, { endpoint, output }: Route): boolean {
  if (accept === undefined || !accept.toLowerCase().includes(EVENT_STREAM)) return false;
  const isStreamable = endpoint.kind === "query" && output?.mediaType === "application/json";
  return method === "GET" && isStreamable && accepts(accept, EVENT_STREAM);
}

export interface EventStreamOptions {
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly headers: Headers;
  readonly heartbeatMs: number;
  readonly party: Party;
}

export class EventStream implements Sink {
  readonly takesPatches = false;
  readonly #options: EventStreamOptions;
  readonly #opened = Promise.withResolvers<number>();
  #heartbeat: NodeJS.Timeout | null = null;
  #stalledBeats = 0;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    const { response, party } = options;
    response.on("drain", () => {
      this.#stalledBeats = 0;
      party.flush();
    });
    response.once("close", () => this.#opened.resolve(200));
  }

  /** The status, once there is one. @throws what the first run failed with. */
  get opened(): Promise<number> {
    return this.#opened.promise;
  }

  get isReady(): boolean {
    const { response, party } = this.#options;
    return party.isSettled && response.writableLength < WAITING_BYTES_MAX;
  }

  answer({ body, position }: Answer): void {
    this.#open();
    this.#write(`event: answer\nid: ${formatPosition(position)}\ndata: ${body}\n\n`);
  }

  patch(answer: Answer): void {
    this.answer(answer);
  }

  current(): void {
    this.#open();
  }

  failed(error: unknown): void {
    const { response, requestId } = this.#options;
    if (!response.headersSent) return void this.#opened.reject(error);
    const { body } = problemAnswer(asFault(error), requestId, null);
    this.#write(`event: problem\ndata: ${JSON.stringify(body)}\n\n`);
    this.end();
  }

  /** Ends it; the client connects again by itself, here or elsewhere. */
  end(): void {
    const { response } = this.#options;
    this.#opened.resolve(200);
    if (response.headersSent) response.end();
    else response.destroy();
  }

  close(): void {
    if (this.#heartbeat) clearInterval(this.#heartbeat);
  }

  #open(): void {
    const { response, headers, heartbeatMs } = this.#options;
    if (response.headersSent || response.destroyed) return;
    response.writeHead(200, {
      ...headers,
      "content-type": EVENT_STREAM,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // Proxies that gather answers would hold it back.
      "x-accel-buffering": "no",
    });
    response.write(`retry: ${RECONNECT_MS}\n\n`);
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref();
    this.#opened.resolve(200);
  }

  #write(text: string): void {
    const { response } = this.#options;
    if (response.writableEnded || response.destroyed) return;
    response.write(text);
    this.#heartbeat?.refresh();
  }

  #beat(): void {
    const { response } = this.#options;
    if (!response.writableNeedDrain) return void this.#write(":\n\n");
    this.#stalledBeats++;
    if (this.#stalledBeats >= STALLED_BEATS_MAX) response.destroy();
  }
}
