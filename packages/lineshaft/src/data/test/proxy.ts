/** A TCP proxy in front of a Postgres socket: counts turns of the conversation, falls silent, or refuses. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class TcpProxy implements AsyncDisposable {
  /** How often a client spoke after it had listened. */
  turns = 0;
  /** `pass`: everything. `silent`: accepts, takes everything, gives nothing. */
  mode: "pass" | "silent" = "pass";
  /** Called with what a client sends; true swallows it and breaks the connection. */
  breaks: (sent: Buffer) => boolean = () => false;
  accepted = 0;
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `postgres://postgres@127.0.0.1:${(server.address() as { port: number }).port}/lineshaft`;
  }

  static async open(upstream: string): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new TcpProxy(server);
    server.on("connection", (client) => proxy.#pair(client, upstream));
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #pair(client: Socket, upstream: string): void {
    this.accepted++;
    const server = connect(upstream);
    let speaks: "client" | "server" = "server";
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        if (this.mode === "pass") other.destroy();
      });
    }
    client.on("data", (sent: Buffer) => {
      if (speaks === "server") this.turns++;
      speaks = "client";
      if (this.breaks(sent)) return void client.destroy();
      if (this.mode === "pass") server.write(sent);
    });
    server.on("data", (sent: Buffer) => {
      speaks = "server";
      if (this.mode === "pass") client.write(sent);
    });
  }
}
