/**
 * Server: the socket side. Bounds what a connection may cost, answers what is not HTTP, and ends without losing answers.
 *
 * States. `listening → draining → closed`. Draining refuses new connections, answers what is under way, tells every
 * kept connection to close with its next answer, and cuts what is left after `DRAIN_MS`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ErrorCode, fault } from "../define/errors.ts";
import { checkLength } from "./body.ts";
import { PROBLEM_MEDIA_TYPE, problemAnswer } from "./problem.ts";

/** Bytes of the request line and all headers. */
export const HEADER_BYTES_MAX = 32_768;
/** Headers of one request; more are refused. */
export const HEADERS_MAX = 100;
/** How long the head of a request may take to arrive. */
export const HEADERS_MS = 10_000;
/** How long a whole request may take to arrive, its body included. */
export const REQUEST_MS = 30_000;
/** How long a connection may stay open between requests. */
export const KEEP_ALIVE_MS = 65_000;
/** How long a socket may move no byte in the middle of a request or an answer. */
export const SOCKET_IDLE_MS = 60_000;
/** How long a graceful end may take. */
export const DRAIN_MS = 10_000;
/** How often connections are looked at for the bounds above. */
const CHECK_MS = 1_000;

export interface ServerOptions {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Shorter bounds, for tests. */
  readonly headersMs?: number;
  readonly requestMs?: number;
  readonly socketIdleMs?: number;
  readonly drainMs?: number;
}

/** An address that could not be listened on. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code = "LISTEN_FAILED";
}

export class HttpServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  #draining = false;
  #active = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    const headersTimeout = options.headersMs ?? HEADERS_MS;
    this.#server = createServer({
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout,
      requestTimeout: Math.max(options.requestMs ?? REQUEST_MS, headersTimeout),
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeout),
      noDelay: true,
    });
    this.#server.maxHeadersCount = HEADERS_MAX;
    this.#server.timeout = options.socketIdleMs ?? SOCKET_IDLE_MS;
    this.#server.on("request", (request, response) => void this.#handle(request, response));
    this.#server.on("checkContinue", (request, response) => {
      try {
        checkLength(request);
        response.writeContinue();
      } catch {
        // The handler gives the answer, and no body is asked for.
      }
      void this.#handle(request, response);
    });
    this.#server.on("checkExpectation", (_request, response: ServerResponse) => {
      response.shouldKeepAlive = false;
      writeProblem(response, "EXPECTATION_FAILED", 'Only "100-continue" can be expected.');
    });
    this.#server.on("clientError", answerBrokenRequest);
  }

  /** Open connections. */
  get connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_error, count) => resolve(count ?? 0)));
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** @throws {ListenError} when the address is taken or cannot be used; its message names the `setting` to change. */
  async listen(host: string, port: number, setting: string): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(host, port, setting, error)));
      this.#server.listen({ host, port }, resolve);
    });
    return this.#server.address() as AddressInfo;
  }

  /** Ends gracefully; what is not done within the bound is cut. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => this.#server.closeAllConnections(), this.#options.drainMs ?? DRAIN_MS);
    await closed;
    clearTimeout(cut);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#active++;
    if (this.#draining) response.shouldKeepAlive = false;
    response.once("close", () => {
      this.#active--;
      if (this.#draining) this.#server.closeIdleConnections();
    });
    await this.#options.handle(request, response);
  }
}

function listenError(host: string, port: number, setting: string, error: NodeJS.ErrnoException): ListenError {
  const where = `${host}:${port}`;
  const why: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken by another program. Stop it, or choose another port: ${setting}=${port + 10}.`,
    EACCES: `Listening on ${where} is not allowed for this user. Choose a port over 1023: ${setting}=4000.`,
    EADDRNOTAVAIL: `This machine has no address ${host}. Set HOST=127.0.0.1 (this machine only) or HOST=0.0.0.0 (all).`,
    ENOTFOUND: `The name ${host} is not known. Set HOST to an address of this machine.`,
  };
  return new ListenError(why[error.code ?? ""] ?? `Cannot listen on ${where}: ${error.message}.`, { cause: error });
}

const BROKEN: Readonly<Record<string, [code: ErrorCode, detail: string]>> = {
  HPE_HEADER_OVERFLOW: ["HEADERS_TOO_LARGE", `The limit is ${HEADER_BYTES_MAX} bytes.`],
  ERR_HTTP_REQUEST_TIMEOUT: ["REQUEST_TIMEOUT", "The request was not whole in time."],
};

/** Answers bytes that are not a request, and requests that never became whole. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  const [code, detail] = BROKEN[error.code ?? ""] ?? (["INVALID_REQUEST", "What came in is not an HTTP request."] as const);
  const answering = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage?.headersSent;
  if (!socket.writable || answering || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const { status, body } = problemAnswer(fault(code, { detail }), "none", null);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${PROBLEM_MEDIA_TYPE}; charset=utf-8`,
    `content-length: ${Buffer.byteLength(text)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`, () => socket.destroy());
}

function writeProblem(response: ServerResponse, code: ErrorCode, detail: string): void {
  const { status, body } = problemAnswer(fault(code, { detail }), "none", null);
  response.writeHead(status, { "content-type": `${PROBLEM_MEDIA_TYPE}; charset=utf-8` }).end(JSON.stringify(body));
}
