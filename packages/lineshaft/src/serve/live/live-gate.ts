/**
 * Live gate: the two ways to live queries, event streams and sockets, from their first request to the end of the node.
 *
 * States. `open → draining` (streams end, sockets are closed with 1001, new ones are refused) `→ cut`.
 * Cookies of a page of another origin count only where a service's `cors` rule lets that page bring them: a socket has
 * no preflight and no answer that a browser could hide, so it is refused before it opens (and each query again, because
 * rules differ between services).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { Channels } from "../../channel/channels.ts";
import type { RequestFacts } from "../../define/endpoint.ts";
import { type Fault, fault } from "../../define/errors.ts";
import type { ServiceDefinition } from "../../define/service.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { randomId } from "../../observe/trace.ts";
import type { Headers } from "../answer.ts";
import { corsHeaders, mayBringCookies } from "../cors.ts";
import { Facts } from "../facts.ts";
import type { Origins } from "../origins.ts";
import { type Positions, positionOf } from "../positions.ts";
import { asFault } from "../problem.ts";
import type { Routes } from "../routes.ts";
import { endWithFault, type Lasting } from "../server.ts";
import { EventStream, HEARTBEAT_MS } from "./event-stream.ts";
import { checkHandshake } from "./handshake.ts";
import { Outlet, Turn } from "./outlet.ts";
import { type Asked, Party, type PartyOptions } from "./party.ts";
import { MESSAGE_BYTES_MAX, Socket } from "./socket.ts";
import { type ChannelRoutes, checkOrigin, splitTarget } from "./targets.ts";

export const LIVE_PATH = "/live";
export const SUBPROTOCOL = "lineshaft.v1";
/** How often sockets are asked for a sign of life, and how long they may take for it. */
export const PING_MS = 9_000;
/** Sockets take turns, so that few are asked at once: a hundred pings take more than a millisecond. */
const PING_TURNS = 200;
/** How long a client may take to answer the end of its socket. */
const CLOSE_MS = 2_000;
const [GOING_AWAY, PROTOCOL_ERROR] = [1001, 1002];

/** The library's types lack some of its options. */
const SERVER_OPTIONS: ServerOptions & { readonly maxFragments: number; readonly closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  maxPayload: MESSAGE_BYTES_MAX,
  // As many as there can be bytes: a message is bounded by its size alone.
  maxFragments: MESSAGE_BYTES_MAX,
  // Compression costs each socket memory, and mixes secrets with what others wrote.
  perMessageDeflate: false,
  closeTimeout: CLOSE_MS,
  // The library cuts a client that sends more pings at a time than it likes.
  autoPong: false,
  handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
};

/** Other bounds than the usual ones; for tests. */
export interface LiveBounds {
  readonly heartbeatMs?: number;
  readonly pingMs?: number;
}

export interface LiveGateOptions extends PartyOptions {
  readonly routes: Routes;
  readonly channelRoutes: ChannelRoutes;
  readonly channels: Channels;
  readonly services: readonly ServiceDefinition[];
  readonly origins: Origins;
  readonly positions: Positions | null;
  readonly metrics: Metrics;
  readonly bounds: LiveBounds;
}

/** One request for a stream, and where its answer goes. */
export interface Exchanged {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
}

export class LiveGate implements Lasting {
  readonly #options: LiveGateOptions;
  readonly #streams = new Map<ServerResponse, EventStream>();
  readonly #sockets = Array.from({ length: PING_TURNS }, () => new Set<Socket>());
  readonly #turn = new Turn();
  readonly #server = new WebSocketServer(SERVER_OPTIONS);
  readonly #pings: NodeJS.Timeout;
  #opened = 0;
  #isDraining = false;

  constructor(options: LiveGateOptions) {
    this.#options = options;
    this.#server.on("wsClientError", ({ message }, socket) => {
      endWithFault(socket, fault("INVALID_REQUEST", { detail: `${message}.` }));
    });
    let turn = 0;
    const { pingMs = PING_MS } = options.bounds;
    const ping = () => {
      for (const socket of this.#sockets[turn++ % PING_TURNS]!) socket.ping(pingMs);
    };
    this.#pings = setInterval(ping, pingMs / PING_TURNS).unref();
  }

  /**
   * Answers with a stream; gives the status once the first answer is out.
   *
   * @throws {Fault} as a call of the query does.
   */
  async stream(asked: Asked, { request, response, requestId }: Exchanged, headers: Headers): Promise<number> {
    const { positions, origins, bounds, metrics } = this.#options;
    const heldAt = lastEventId(request);
    const isAhead = !(await (positions?.isReached(request) ?? true));
    // Whoever has gone by now has no end that could be heard.
    if (response.destroyed) return 200;
    if (this.#isDraining) throw fault("SHUTTING_DOWN", { retryAfterSeconds: 1 });
    const party = new Party(this.#options, { request, facts: new Facts(request, requestId, origins) });
    const cors = corsHeaders(asked.route.endpoint.service.options.cors, request.headers.origin);
    const heartbeatMs = bounds.heartbeatMs ?? HEARTBEAT_MS;
    const options = { response, requestId, headers: { ...headers, ...cors }, heartbeatMs, party };
    const stream = new EventStream(options);
    this.#streams.set(response, stream);
    metrics.liveConnections.inc({ kind: "stream" });
    response.once("close", () => this.#ended(stream, party, response));
    stream.opened.catch(() => party.close());
    await party.subscribe(asked, stream, { heldAt, isAhead }).catch((error) => stream.failed(error));
    return stream.opened;
  }

  isStream(response: ServerResponse): boolean {
    return this.#streams.has(response) && response.headersSent && !response.writableEnded;
  }

  upgrades({ method, url = "", headers }: IncomingMessage): boolean {
    if (method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") return false;
    return url === LIVE_PATH || url.startsWith(`${LIVE_PATH}?`);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const facts = new Facts(request, randomId(), this.#options.origins);
    try {
      this.#admit(request, facts);
    } catch (error) {
      return void endWithFault(socket, asFault(error));
    }
    this.#server.handleUpgrade(request, socket, head, (opened) => this.#open(opened, request, socket, facts));
  }

  drain(): void {
    this.#isDraining = true;
    clearInterval(this.#pings);
    for (const stream of this.#streams.values()) stream.end();
    for (const socket of this.#all()) socket.close(GOING_AWAY, "The node stops.");
  }

  cut(): void {
    for (const socket of this.#all()) socket.terminate();
  }

  /** @throws {Fault} SHUTTING_DOWN, ORIGIN_REFUSED, and what is wrong with the handshake. */
  #admit(request: IncomingMessage, facts: Facts): void {
    if (this.#isDraining) throw fault("SHUTTING_DOWN", { detail: "Connect again, elsewhere." });
    checkHandshake(request);
    const { origin } = request.headers;
    if (origin === undefined || this.#options.services.some((each) => mayBringCookies(each, origin, facts))) return;
    throw fault("ORIGIN_REFUSED", { detail: `A page of ${origin.slice(0, 200)} asked for a socket.` });
  }

  #ended(stream: EventStream, party: Party, response: ServerResponse): void {
    if (!this.#streams.delete(response)) return;
    this.#options.metrics.liveConnections.dec({ kind: "stream" });
    stream.close();
    party.close();
  }

  #open(opened: WebSocket, request: IncomingMessage, duplex: Duplex, facts: RequestFacts): void {
    const { metrics, log, channelRoutes } = this.#options;
    const socket = new Socket({
      ...{ socket: opened, request, facts, party: this.#options, membership: this.#options, metrics, log },
      outlet: new Outlet(duplex, this.#turn),
      find: (path, by) => this.#find(path, by),
      findChannel: (path, state, by) => channelRoutes.find(path, state, by, request),
    });
    const sockets = this.#sockets[this.#opened++ % PING_TURNS]!;
    sockets.add(socket);
    metrics.liveConnections.inc({ kind: "socket" });
    duplex.on("drain", () => socket.drained());
    opened.once("close", () => {
      sockets.delete(socket);
      metrics.liveConnections.dec({ kind: "socket" });
    });
    if (opened.protocol !== SUBPROTOCOL) socket.close(PROTOCOL_ERROR, `The subprotocol is ${SUBPROTOCOL}.`);
    else if (this.#isDraining) socket.close(GOING_AWAY, "The node stops.");
  }

  *#all(): Iterable<Socket> {
    for (const sockets of this.#sockets) yield* sockets;
  }

  /** The query that a path names. @throws {Fault} */
  #find(target: string, facts: RequestFacts): Asked {
    const { path, query } = splitTarget(target);
    const match = this.#options.routes.match("GET", path);
    if (match.kind === "none") throw fault("ROUTE_NOT_FOUND", { detail: `There is no route ${path.slice(0, 200)}.` });
    if (match.kind === "method") throw notLive("Only queries can be subscribed to.");
    const { endpoint, output } = match.route;
    if (endpoint.kind !== "query") throw notLive("Only queries can be subscribed to.");
    if (output?.mediaType !== "application/json") throw fault("NOT_ACCEPTABLE", { detail: "Its answer is not JSON." });
    checkOrigin(endpoint, facts);
    return { route: match.route, params: match.params, query };
  }
}

function notLive(detail: string): Fault {
  return fault("METHOD_NOT_ALLOWED", { detail });
}

/** What the client of a stream that broke had last. */
function lastEventId({ headers }: IncomingMessage) {
  const id = headers["last-event-id"];
  return id === undefined || id === "" ? null : positionOf("last-event-id", String(id));
}
