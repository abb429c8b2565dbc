/**
 * A server of live queries that a test plays: real sockets, and the words of `docs/wire-protocol.md`. What the client
 * says is taken one by one; what the server says is up to the test.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { poll } from "lineshaft/testkit";
import { type WebSocket, WebSocketServer } from "ws";

type Message = { readonly type: string; readonly id?: number; readonly [key: string]: unknown };

/** One connection, seen from the server. */
export class Line {
  readonly #socket: WebSocket;
  readonly #said: Message[] = [];
  isOver = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => void this.#said.push(JSON.parse(String(data)) as Message));
    socket.on("close", () => {
      this.isOver = true;
    });
  }

  /** The next thing that the client said; it must be of this type. */
  async takes(type: string): Promise<Message> {
    const message = await poll(() => this.#said.shift(), { what: `a message "${type}"` });
    assert.equal(message.type, type, JSON.stringify(message));
    return message;
  }

  /** What was said, and not taken yet. */
  get rest(): readonly Message[] {
    return this.#said;
  }

  says(message: Message): void {
    this.#socket.send(JSON.stringify(message));
  }

  closes(code: number): void {
    this.#socket.close(code);
  }

  /** As when a cable is cut. */
  breaks(): void {
    this.#socket.terminate();
  }
}

export class WireServer {
  readonly url: string;
  readonly lines: Line[] = [];
  /** What calls are answered, by "POST /path"; a function is asked each time. */
  readonly calls = new Map<string, () => Promise<{ status: number; position?: string; body: unknown }>>();
  readonly #http;
  readonly #sockets;
  #taken = 0;

  private constructor(http: ReturnType<typeof createServer>) {
    this.#http = http;
    this.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    this.#sockets = new WebSocketServer({ server: http, path: "/live" });
    this.#sockets.on("connection", (socket, request) => {
      assert.equal(request.headers["sec-websocket-protocol"], "lineshaft.v1");
      this.lines.push(new Line(socket));
    });
    http.on("request", async (request, response) => {
      const { status, position, body } = await this.calls.get(`${request.method} ${request.url}`)!();
      response.writeHead(status, position === undefined ? {} : { "lineshaft-position": position });
      response.end(JSON.stringify(body));
    });
  }

  static async start(): Promise<WireServer> {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return new WireServer(http);
  }

  /** The next connection that a client made. */
  async line(): Promise<Line> {
    const line = await poll(() => this.lines[this.#taken], { what: "a connection" });
    this.#taken++;
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
