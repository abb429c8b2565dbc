/** Talks HTTP byte by byte, for what no client would send. */
import { connect, type Socket } from "node:net";

/** How long a test waits for what must come. */
const DEADLINE_MS = 10_000;

export class Wire {
  readonly socket: Socket;
  #received = "";
  #ended = false;
  #change: (() => void) | null = null;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.setEncoding("latin1");
    this.socket.on("data", (text: string) => this.#note(text));
    this.socket.on("end", () => this.#note("", true));
    this.socket.on("error", () => this.#note("", true));
    this.socket.on("close", () => this.#note("", true));
  }

  get received(): string {
    return this.#received;
  }

  /** Whether the other side has ended the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  send(text: string): this {
    if (this.socket.writable) this.socket.write(text, "latin1");
    return this;
  }

  /** Resolves when what was received passes, with it. */
  async until(passes: (received: string, ended: boolean) => boolean, what = "an answer"): Promise<string> {
    const late = AbortSignal.timeout(DEADLINE_MS);
    late.addEventListener("abort", () => this.#change?.());
    while (!passes(this.#received, this.#ended)) {
      if (late.aborted) throw new Error(`no ${what} in time; received: ${this.#received.slice(0, 2_000)}`);
      await new Promise<void>((resolve) => (this.#change = resolve));
    }
    return this.#received;
  }

  /** Everything until the other side ends. */
  untilEnd(): Promise<string> {
    return this.until((_, ended) => ended, "end of the connection");
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #note(text: string, ended = false): void {
    this.#received += text;
    this.#ended ||= ended;
    this.#change?.();
  }
}

/** The statuses of the answers in what was received. */
export function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
}

/** The code of the first problem document in what was received. */
export function codeOf(received: string): string | undefined {
  return /"code":"(\w+)"/.exec(received)?.[1];
}
