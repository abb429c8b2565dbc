/**
 * Server: the socket side. Bounds what a connection may cost, answers what is not HTTP, ends without losing answers.
 *
 * Pipelined requests are answered one after the other, because a write must not overtake another (RFC 9112, section
 * 9.3.2). States. `listening → draining → closed`. Draining refuses new connections, answers what is under way, tells
 * every kept connection to close with its next answer, and cuts what is left after `DRAIN_MS`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ErrorCode, type Fault, fault } from "../define/errors.ts";
import { Slots } from "../define/slots.ts";
import { LINGER_MS } from "./answer.ts";
import { expectContinue } from "./body.ts";
import { PROBLEM_MEDIA_TYPE, problemAnswer } from "./problem.ts";

/** Bytes of the request line and all headers. */
export const HEADER_BYTES_MAX = 32_768;
/** Open connections; more are closed at once. */
export const CONNECTIONS_MAX = 20_000;
/** How long the head of a request may take to arrive. */
export const HEADERS_MS = 10_000;
/** How long a whole request may take to arrive, its body included. */
export const REQUEST_MS = 30_000;
/** How long a connection may stay open between requests. */
export const KEEP_ALIVE_MS = 65_000;
/** How long a caller may take no byte of its answer. */
export const SOCKET_IDLE_MS = 60_000;
/** How long a caller may take to receive an answer. */
export const ANSWER_MS = 300_000;
/** How slowly a file may come and go: so much more time a request or an answer has than without one. */
export const FILE_BYTES_PER_SECOND_MIN = 65_536;
/** How long a graceful end may take. */
export const DRAIN_MS = 10_000;
/** How often connections are looked at for the bounds above. */
const CHECK_MS = 1_000;
/** How often a draining server looks for connections that have become idle. */
const DRAIN_CHECK_MS = 50;

/** Other bounds than the usual ones; for tests. */
export interface ServerBounds {
  readonly headersMs?: number;
  readonly requestMs?: number;
  readonly keepAliveMs?: number;
  readonly socketIdleMs?: number;
  readonly answerMs?: number;
  readonly drainMs?: number;
}

export interface ServerOptions extends ServerBounds {
  /** Answers a request. Must not reject. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
  /** The largest file that comes in. Default: none does. */
  readonly fileBytesMax?: number;
  readonly lasting?: Lasting;
}

/** What keeps connections open beyond one answer. */
export interface Lasting {
  /** Whether this request leaves HTTP for another protocol. */
  upgrades(request: IncomingMessage): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Whether an answer goes on until one of both sides ends it: no bound of time is put on it. */
  isStream(response: ServerResponse): boolean;
  /** Ends all, gracefully; new ones are refused. */
  drain(): void;
  /** Ends what is left, at once. */
  cut(): void;
}

/** An address that could not be listened on. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code = "LISTEN_FAILED";
}

export class HttpServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  /** Answers that are being worked out. */
  readonly #active = new Slots<ServerResponse>();
  /** Sockets that got their last answer after something that is not HTTP. */
  readonly #broken = new WeakSet<Duplex>();
  /** The newest answer of a connection that has waited for another one. */
  readonly #waited = new WeakMap<Duplex, ServerResponse>();
  #draining = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    const headersTimeout = options.headersMs ?? HEADERS_MS;
    this.#server = createServer({
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout,
      // One for all requests: the runtime has no other.
      requestTimeout: Math.max(options.requestMs ?? REQUEST_MS, headersTimeout) + fileMs(options.fileBytesMax ?? 0),
      keepAliveTimeout: options.keepAliveMs ?? KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeout),
      // The exchange refuses a request without it, with a problem document.
      requireHostHeader: false,
      // A request without a body needs no stream for it.
      optimizeEmptyRequests: true,
      // Only what is understood: a client that offers HTTP/2 gets its answer over HTTP/1.1.
      shouldUpgradeCallback: (request) => options.lasting?.upgrades(request) ?? false,
      noDelay: true,
      keepAlive: true,
    });
    // The runtime would leave out the headers beyond its limit without a word; the exchange refuses them.
    this.#server.maxHeadersCount = 0;
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on("request", (request, response) => this.#accept(request, response));
    this.#server.on("checkContinue", (request, response) => {
      expectContinue(request, response);
      this.#accept(request, response);
    });
    this.#server.on("checkExpectation", (_request, response: ServerResponse) => {
      response.shouldKeepAlive = false;
      writeProblem(response, "EXPECTATION_FAILED", 'Only "100-continue" can be expected.');
    });
    this.#server.on("connect", (_request, socket) => {
      if (this.#owes(socket)) socket.destroy();
      else endWithProblem(socket, "METHOD_NOT_ALLOWED", "This is not a proxy.");
    });
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("clientError", (error, socket) => this.#answerBroken(error, socket));
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
    this.#options.lasting?.drain();
    for (const response of this.#active.all()) if (!response.headersSent) response.shouldKeepAlive = false;
    const idle = setInterval(() => this.#server.closeIdleConnections(), DRAIN_CHECK_MS);
    const cut = setTimeout(() => {
      this.#options.lasting?.cut();
      this.#server.closeAllConnections();
    }, this.#options.drainMs ?? DRAIN_MS);
    await closed;
    clearInterval(idle);
    clearTimeout(cut);
  }

  /** A request behind another one on its connection has no socket yet: it waits for its turn. */
  #accept(request: IncomingMessage, response: ServerResponse): void {
    if (response.socket !== null) return void this.#handle(request, response);
    this.#waited.set(request.socket, response);
    response.once("socket", () => this.#handle(request, response));
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.#draining) response.shouldKeepAlive = false;
    const place = this.#active.add(response);
    const answered = this.#options.handle(request, response);
    if (answered instanceof Promise) void answered.then(() => this.#answered(response, place));
    else this.#answered(response, place);
  }

  #answered(response: ServerResponse, place: number): void {
    // Who has gone by now has no end that could be heard.
    if (response.writableEnded || response.closed) this.#active.delete(place);
    else response.once("close", () => this.#active.delete(place));
    if (this.#options.lasting?.isStream(response)) return;
    // A file is still on its way where the answer has not ended.
    const isOut = response.writableEnded && !response.writableLength;
    if (response.writableFinished || response.closed || !response.socket || isOut) return;
    // The caller reads slower than we write: it gets its time, and no more.
    response.socket.setTimeout(this.#options.socketIdleMs ?? SOCKET_IDLE_MS);
    const answerMs = (this.#options.answerMs ?? ANSWER_MS) + fileMs(Number(response.getHeader("content-length") ?? 0));
    const cut = setTimeout(() => response.destroy(), answerMs);
    response.once("close", () => clearTimeout(cut));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { lasting } = this.#options;
    if (this.#owes(socket)) socket.destroy();
    else if (lasting?.upgrades(request)) lasting.upgrade(request, socket, head);
    else endWithProblem(socket, "INVALID_REQUEST", "The connection cannot change to another protocol here.");
  }

  /**
   * Whether answers have not left that must come before this one. The runtime has let go of the connection by now: they
   * would come later, in the middle of another protocol.
   */
  #owes(socket: Duplex): boolean {
    const waited = this.#waited.get(socket);
    if (waited && !waited.writableEnded) return true;
    return this.#active.all().some(({ req, writableEnded }) => req.socket === socket && !writableEnded);
  }

  /** Answers bytes that are not a request, and requests that never became whole. */
  #answerBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.#broken.has(socket)) return;
    if (!socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    this.#broken.add(socket);
    const current = this.#active.all().find((response) => response.req.socket === socket);
    if (current?.headersSent) (socket as Socket).destroySoon();
    else if (current?.req.complete) current.shouldKeepAlive = false;
    else endWithProblem(socket, ...brokenProblem(error.code));
  }
}

function fileMs(bytes: number): number {
  return Math.ceil((bytes / FILE_BYTES_PER_SECOND_MIN) * 1_000);
}

function listenError(host: string, port: number, setting: string, error: NodeJS.ErrnoException): ListenError {
  const where = `${host}:${port}`;
  const why: Record<string, string> = {
    EADDRINUSE:
      `Port ${port} on ${host} is taken by another program. Stop it, or choose another port: ` +
      `${setting}=${port + 10}.`,
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

function brokenProblem(code = ""): [code: ErrorCode, detail: string] {
  return BROKEN[code] ?? ["INVALID_REQUEST", "What came in is not an HTTP request."];
}

function endWithProblem(socket: Duplex, code: ErrorCode, detail: string): void {
  endWithFault(socket, fault(code, { detail }));
}

/** Writes a problem past the runtime, which has no answer for what came in, and ends the connection. */
export function endWithFault(socket: Duplex, shown: Fault): void {
  const { status, body } = problemAnswer(shown, "none", null);
  const text = JSON.stringify(body);
  const headers = {
    "content-type": `${PROBLEM_MEDIA_TYPE}; charset=utf-8`,
    "content-length": Buffer.byteLength(text),
    connection: "close",
    ...shown.headers,
  };
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`];
  for (const [name, value] of Object.entries(headers)) head.push(`${name}: ${value}`);
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(cut)).on("error", () => {});
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
  socket.resume();
}

function writeProblem(response: ServerResponse, code: ErrorCode, detail: string): void {
  const { status, body } = problemAnswer(fault(code, { detail }), "none", null);
  response.writeHead(status, { "content-type": `${PROBLEM_MEDIA_TYPE}; charset=utf-8` }).end(JSON.stringify(body));
}
