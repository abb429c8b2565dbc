/** The world outside of the database: a server that steps ask, and that writes down with which keys they came. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";

/** Each so manieth request fails. */
const FAILING_EVERY = 5;

export class Outside implements AsyncDisposable {
  /** Keys of each event, one for each request. */
  readonly keys = new Map<string, string[]>();
  readonly url: string;
  readonly #server: Server;
  #requests = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  static async open(): Promise<Outside> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const outside = new Outside(server);
    server.on("request", (request, response) => {
      const event = request.url!.slice(1);
      const keys = outside.keys.get(event) ?? [];
      outside.keys.set(event, [...keys, String(request.headers["idempotency-key"])]);
      request.resume();
      response.writeHead(++outside.#requests % FAILING_EVERY === 0 ? 500 : 200).end();
    });
    return outside;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
