/** Subscribers for tests: a stream that is read as a browser reads it, and a socket that notes every message. */
import { WebSocket } from "ws";
import { type Found, poll } from "../../../testkit/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape; the assertions say which.
type Any = any;

export const WAIT_MS = 20_000;

/** `poll` on a machine that is busy with other tests. */
export function eventually<TAnswer>(ask: () => TAnswer | Promise<TAnswer>, what?: string): Promise<Found<TAnswer>> {
  return poll(ask, { timeoutMs: WAIT_MS, ...(what === undefined ? {} : { what }) });
}

export interface Event {
  readonly event: string;
  readonly id: string | null;
  readonly data: Any;
}

type Ask = (url: string, init: RequestInit) => Promise<Response>;

/** A stream of server-sent events. */
export class Stream implements Disposable {
  readonly response: Response;
  readonly events: Event[] = [];
  /** Everything that came, comments and all. */
  text = "";
  isOver = false;
  readonly #abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    void this.#read();
  }

  static async open(url: string, headers: Record<string, string> = {}, ask: Ask = fetch): Promise<Stream> {
    const abort = new AbortController();
    const { signal } = abort;
    return new Stream(await ask(url, { headers: { accept: "text/event-stream", ...headers }, signal }), abort);
  }

  get answers(): readonly Event[] {
    return this.events.filter(({ event }) => event === "answer");
  }

  get last(): Event | undefined {
    return this.events.at(-1);
  }

  /** Waits until an answer passes. */
  async until(passes: (data: Any, event: Event) => boolean): Promise<Event> {
    const find = () => this.answers.find((event) => passes(event.data, event));
    return eventually(find, `an answer; there were ${JSON.stringify(this.events).slice(0, 500)}`);
  }

  async untilEvent(name: string): Promise<Event> {
    return eventually(() => this.events.find(({ event }) => event === name), name);
  }

  async untilOver(): Promise<void> {
    await eventually(() => this.isOver, "the end of the stream");
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of this.response.body!) {
        const text = decoder.decode(chunk, { stream: true });
        this.text += text;
        const blocks = (rest + text).split("\n\n");
        rest = blocks.pop()!;
        for (const block of blocks) this.#note(block);
      }
    } catch {
      // It was cut.
    }
    this.isOver = true;
  }

  #note(block: string): void {
    const fields = new Map(block.split("\n").map((line) => line.split(/: ?(.*)/s) as [string, string]));
    const data = fields.get("data");
    if (data === undefined) return;
    this.events.push({ event: fields.get("event") ?? "message", id: fields.get("id") ?? null, data: JSON.parse(data) });
  }
}

export interface Options {
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
  readonly path?: string;
}

/** A socket: what it was told, and the answers that its patches make. */
export class Listener implements Disposable {
  readonly socket: WebSocket;
  readonly messages: Any[] = [];
  closed: { code: number; reason: string } | null = null;
  refused: { status: number; body: Any } | null = null;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => this.messages.push(JSON.parse(String(data))));
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    socket.on("error", () => {});
    socket.on("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        this.refused = { status: response.statusCode!, body: JSON.parse(text) };
      });
    });
  }

  /** Opens a socket; one that is refused is given, too. */
  static async open(url: string, options: Options = {}): Promise<Listener> {
    const { headers = {}, protocols = ["lineshaft.v1"], path = "/live" } = options;
    const listener = new Listener(new WebSocket(url.replace("http", "ws") + path, protocols, { headers }));
    const { socket } = listener;
    await eventually(() => socket.readyState === socket.OPEN || listener.refused || listener.closed, "the socket");
    return listener;
  }

  send(message: unknown): this {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
    return this;
  }

  subscribe(id: number, path: string, position?: string): this {
    return this.send({ type: "subscribe", id, path, ...(position === undefined ? {} : { position }) });
  }

  of(id: number): Any[] {
    return this.messages.filter((message) => message.id === id);
  }

  /** The answer of a subscription, as its messages make it. */
  body(id: number): Any {
    let body: Any;
    for (const message of this.of(id)) {
      if (message.type === "answer") body = message.body;
      if (message.type === "patch") body = patched(body, message.patch);
    }
    return body;
  }

  async until(passes: (message: Any) => boolean): Promise<Any> {
    const there = JSON.stringify(this.messages).slice(0, 500);
    return eventually(() => this.messages.find(passes), `a message; there were ${there}`);
  }

  async untilBody(id: number, passes: (body: Any) => boolean): Promise<Any> {
    return eventually(() => (passes(this.body(id)) ? { body: this.body(id) } : null), `a body of ${id}`);
  }

  async untilClosed(): Promise<{ code: number; reason: string }> {
    return eventually(() => this.closed, "the end of the socket");
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

/** Applies a JSON Patch (RFC 6902) of `add`, `remove` and `replace`: written apart from the code that makes them. */
export function patched(document: Any, patch: readonly Any[]): Any {
  let root = structuredClone(document);
  for (const { op, path, value } of patch) {
    const keys = path.split("/").slice(1);
    const names = keys.map((key: string) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    if (names.length === 0) {
      root = value;
      continue;
    }
    const last = names.pop()!;
    const place = names.reduce((at: Any, name: string) => at[name], root);
    if (Array.isArray(place)) {
      const index = last === "-" ? place.length : Number(last);
      if (op === "add") place.splice(index, 0, value);
      else if (op === "remove") place.splice(index, 1);
      else place[index] = value;
    } else if (op === "remove") delete place[last];
    else Object.defineProperty(place, last, { value, writable: true, enumerable: true, configurable: true });
  }
  return root;
}
