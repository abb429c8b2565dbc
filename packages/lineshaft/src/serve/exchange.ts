/**
 * Exchange: one HTTP request from its head to its answer.
 *
 * route → actor → limit → input → run → answer; a failure at any step becomes a problem document in the format of the
 * service whose route it is. Nothing here knows SQL.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answers, KeptAnswer } from "../call/answers.ts";
import type { CallRequest } from "../call/context.ts";
import type { CompiledOutput } from "../call/output.ts";
import { type CallRuntime, runCall } from "../call/run.ts";
import { questionOf } from "../call/scope.ts";
import type { Actor } from "../define/actor.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import { type Fault, fault } from "../define/errors.ts";
import type { ServiceDefinition } from "../define/service.ts";
import type { Guard } from "../guard/guard.ts";
import { type Logger, logRequest, safeText } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { randomId, traceIdOf } from "../observe/trace.ts";
import { type Answer, accepts, addHeader, type Headers, isPlain, send, sendKept } from "./answer.ts";
import { endOver, hasBody, readJson } from "./body.ts";
import { checkCookieOrigin, corsHeaders, preflightHeaders } from "./cors.ts";
import { sendFile } from "./download.ts";
import { Facts } from "./facts.ts";
import { checkHead } from "./head.ts";
import { KnownUrls } from "./known-urls.ts";
import { asksForEvents } from "./live/event-stream.ts";
import type { LiveGate } from "./live/live-gate.ts";
import type { Origins } from "./origins.ts";
import { cookieOf, POSITION_HEADER, type Positions } from "./positions.ts";
import { asFault, problemAnswer } from "./problem.ts";
import type { Match, Route, Routes } from "./routes.ts";
import { runWithFile } from "./upload.ts";

/** A page of the platform itself, beside the endpoints: documentation, health. GET only. */
export type Page = (request: IncomingMessage) => Promise<Answer> | Answer;

export interface ExchangeOptions {
  readonly routes: Routes;
  readonly pages: ReadonlyMap<string, Page>;
  readonly guard: Guard;
  readonly runtime: CallRuntime;
  /** Keeps answers of queries; `null` where there is nothing to hear of changes. */
  readonly answers: Answers | null;
  readonly positions: Positions | null;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly origins: Origins;
  /** Answers those who ask for a stream of answers. */
  readonly live: LiveGate;
  readonly clock: () => Date;
}

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;
/** Long pieces of a path that no route knows are not logged: they may be tokens. */
const LOGGED_SEGMENT_CHARS_MAX = 16;

/** What is known of a request while it is answered. */
interface State {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The trace that the caller began. */
  readonly traceId: string | null;
  readonly requestId: string;
  readonly startedAt: number;
  /** The answer is at least as new; `null` where that is not known. */
  position: string | null;
  route: Route | null;
  service: ServiceDefinition | null;
  label: string;
}

/** What a request names: the endpoint that answers it, and its input. */
export interface Target {
  readonly route: Route;
  /** What it asks (`questionOf`), where its URL is known; `null`: its input has to be read. */
  readonly question: string | null;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: string;
}

/** Who asks, and when. */
interface By {
  readonly facts: Facts;
  readonly now: Date;
  /** Whether what is kept is new enough for this caller. */
  readonly trusts: boolean;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #knownUrls = new KnownUrls();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Answers a request: at once where the answer is kept. Never throws, never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): void | Promise<void> {
    const { traceparent: parent, "x-request-id": given } = request.headers;
    const traceId = typeof parent === "string" ? traceIdOf(parent) : null;
    const requestId = typeof given === "string" && REQUEST_ID.test(given) ? given : (traceId ?? randomId());
    const startedAt = performance.now();
    const state: State = {
      request,
      response,
      traceId,
      requestId,
      startedAt,
      position: null,
      route: null,
      service: null,
      label: "none",
    };
    try {
      const status = this.#answer(state);
      if (status instanceof Promise) return this.#settle(state, status);
      this.#record(state, status);
    } catch (error) {
      return this.#settle(state, Promise.reject(error));
    }
  }

  async #settle(state: State, answered: Promise<number>): Promise<void> {
    let status: number;
    try {
      status = await answered;
    } catch (error) {
      status = await this.#fail(state, asFault(error));
    }
    this.#record(state, status);
  }

  #answer(state: State): Promise<number> | number {
    const { request } = state;
    checkHead(request);
    const method = request.method!;
    const known = method === "GET" && !hasBody(request) ? this.#knownUrls.get(request.url!) : undefined;
    if (known) return this.#reply(known, state);
    const target = originForm(request.url!, method);
    const mark = target.indexOf("?");
    const path = mark < 0 ? target : target.slice(0, mark);
    const page = this.#options.pages.get(path);
    if (page) return this.#page(page, path, state);
    if (method === "OPTIONS") return this.#preflight(path, state);
    return this.#reply(this.#find(method, path, mark < 0 ? "" : target.slice(mark + 1), state), state);
  }

  /** The endpoint that a method and a path name. @throws {Fault} ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED */
  #find(method: string, path: string, query: string, state: State): Target {
    const match = this.#options.routes.match(method === "HEAD" ? "GET" : method, path);
    if (match.kind === "route") {
      const { route, params } = match;
      return { route, params, query, question: null };
    }
    state.service = match.service;
    if (match.kind === "none") throw fault("ROUTE_NOT_FOUND", { detail: `There is no route ${path.slice(0, 200)}.` });
    throw notAllowed(match.allow.join(", "));
  }

  #reply(target: Target, state: State): Promise<number> | number {
    const { request } = state;
    const { endpoint, output } = target.route;
    state.route = target.route;
    state.service = endpoint.service;
    state.label = endpoint.path;
    if (asksForEvents(request, target.route)) {
      return this.#options.live.stream(target, state, headersOf(state));
    }
    if (output && !output.isFile && !accepts(request.headers.accept, output.mediaType)) {
      throw fault("NOT_ACCEPTABLE", { detail: `The answer is ${output.mediaType}.` });
    }
    const { clock, origins, positions } = this.#options;
    const [now, facts] = [clock(), new Facts(request, state.requestId, origins)];
    checkCookieOrigin(endpoint, facts);
    const reached = positions ? positions.isReached(request) : true;
    if (reached instanceof Promise)
      return reached.then((trusts) => this.#replyTo(target, { facts, now, trusts }, state));
    return this.#replyTo(target, { facts, now, trusts: reached }, state);
  }

  #replyTo(target: Target, by: By, state: State): Promise<number> | number {
    const { guard, positions } = this.#options;
    // What is heard from here on may not be part of the answer.
    state.position = positions?.current ?? null;
    const found = guard.actor(target.route.endpoint, by.facts, by.now, by.trusts);
    return found instanceof Promise
      ? found.then((actor) => this.#replyAs(actor, target, by, state))
      : this.#replyAs(found, target, by, state);
  }

  #replyAs(actor: Actor, target: Target, by: By, state: State): Promise<number> | number {
    const { question, route } = target;
    const { answers } = this.#options;
    if (question !== null && by.trusts) {
      const { endpoint } = route;
      const kept = answers!.find(question, { endpoint, actor, facts: by.facts, now: by.now });
      if (kept) return this.#sendKept(kept, route, state);
    }
    return this.#work(actor, target, by, state);
  }

  async #work(actor: Actor, { route, params, query }: Target, { facts, now, trusts }: By, state: State) {
    const { endpoint, name, gather, output } = route;
    const { request, response } = state;
    const { guard, runtime, log, answers } = this.#options;
    if (endpoint.limit) await guard.limit(name, endpoint, actor, facts, now);
    const body = !endpoint.upload && hasBody(request) ? await readJson(request) : null;
    const input = gather.input(request, body, params, query);
    const call: CallRequest = { endpoint, name, input, actor, facts, now, log, signal: () => abortOn(response) };
    if (answers && trusts && output && endpoint.kind === "query" && endpoint.cache !== false) {
      const question = questionOf(call);
      if (endpoint.authorize !== null) await answers.authorize(runtime, call);
      else if (request.method === "GET" && body === null && gather.isOfUrl && !endpoint.limit) {
        this.#knownUrls.add(request.url!, { route, params, query, question });
      }
      const kept = answers.find(question, call) ?? (await answers.work(runtime, call, output));
      return this.#sendKept(kept, route, state);
    }
    const ran = endpoint.upload ? runWithFile(request, call, this.#options) : runCall(runtime, call);
    const { value, headers: given, position } = await ran;
    if (position !== null) state.position = position;
    if (output?.isFile) return this.#sendFile(output.write(value), given, route, state);
    const cookie = endpoint.kind === "command" && cookieOf(state.position, request, facts);
    const entries = cookie ? [...given, ["set-cookie", cookie] as const] : given;
    const answer = answerOf(endpoint, output, value, entries, request.headers.origin);
    return send(request, response, answer, headersOf(state));
  }

  #sendKept(kept: KeptAnswer, { endpoint, output }: Route, state: State): number | Promise<number> {
    const { request, response } = state;
    const { status, service } = endpoint;
    const { cors } = service.options;
    if (output!.isFile) return this.#sendFile(String(kept.body), kept.entries, { endpoint }, state);
    const { mediaType } = output!;
    const isUsual = status === 200 && cors === undefined && mediaType === "application/json";
    if (isUsual && isPlain(request, kept) && !response.destroyed) {
      sendKept(response, kept, state.requestId, state.position);
      return status;
    }
    const { body, tag: tagged, entries, made } = kept;
    const headers = corsHeaders(cors, request.headers.origin);
    const answer: Answer = { status, headers, entries, mediaType, body, tagged, made };
    return send(request, response, answer, headersOf(state));
  }

  #sendFile(written: string, entries: Answer["entries"] & {}, { endpoint }: Pick<Route, "endpoint">, state: State) {
    const { request, response } = state;
    const headers = { ...headersOf(state), ...corsHeaders(endpoint.service.options.cors, request.headers.origin) };
    for (const [name, value] of entries) addHeader(headers, name, value);
    return sendFile(request, response, JSON.parse(written), { ...this.#options, headers });
  }

  async #page(page: Page, path: string, state: State): Promise<number> {
    const { request, response } = state;
    state.label = path;
    const allow = "GET, HEAD, OPTIONS";
    if (request.method === "OPTIONS") {
      return send(request, response, { status: 204, headers: { allow } }, headersOf(state));
    }
    if (request.method !== "GET" && request.method !== "HEAD") throw notAllowed(allow);
    return send(request, response, await page(request), headersOf(state));
  }

  #preflight(path: string, state: State): number | Promise<number> {
    const { request, response } = state;
    const { routes } = this.#options;
    const match = path === "*" ? EVERYTHING : routes.match("OPTIONS", path);
    state.service = match.kind === "route" ? null : match.service;
    if (match.kind !== "method") throw fault("ROUTE_NOT_FOUND", { detail: `There is no route ${path.slice(0, 200)}.` });
    const {
      origin,
      "access-control-request-method": asked,
      "access-control-request-headers": askedHeaders,
    } = request.headers;
    const allow = match.allow.join(", ");
    const rule = (asked ? routes.find(asked, path)?.endpoint.service : match.service)?.options.cors;
    const cors = origin === undefined ? {} : preflightHeaders(rule, origin, match.allow, askedHeaders);
    return send(request, response, { status: 204, headers: { allow, ...cors } }, headersOf(state));
  }

  /** Answers with a problem. Never rejects: a service's own format that fails is replaced by the usual one. */
  async #fail(state: State, shown: Fault): Promise<number> {
    const { request, response, service } = state;
    this.#options.metrics.faults.inc({ code: shown.code });
    if (shown.status >= 500) this.#logFault(state, shown);
    const headers: Record<string, string> = {
      ...corsHeaders(service?.options.cors, request.headers.origin),
      "cache-control": "no-store",
      ...shown.headers,
    };
    if (shown.retryAfterSeconds !== undefined) headers["retry-after"] = String(shown.retryAfterSeconds);
    const last = endOver(request);
    try {
      const { status, body, mediaType } = problemAnswer(shown, state.requestId, service);
      const answer: Answer = { status, body: JSON.stringify(body), headers, last };
      return await send(request, response, mediaType ? { ...answer, mediaType } : answer, headersOf(state));
    } catch (error) {
      this.#logFault(state, asFault(error));
      const { status, body, mediaType } = problemAnswer(
        shown.status >= 500 ? shown : asFault(error),
        state.requestId,
        null,
      );
      const answer: Answer = { status, body: JSON.stringify(body), mediaType: mediaType!, last };
      return await Promise.resolve(send(request, response, answer, headersOf(state))).catch(() => status);
    }
  }

  #logFault({ requestId, route }: State, shown: Fault): void {
    const { log } = this.#options;
    const facts = { err: shown.cause ?? shown, code: shown.code, requestId, endpoint: route?.name };
    if (shown.code === "INTERNAL") log.error(facts, "a request failed");
    else log.warn(facts, shown.message);
  }

  #record({ request, response, label, startedAt, requestId, traceId, route }: State, status: number): void {
    const { metrics, log } = this.#options;
    const ms = performance.now() - startedAt;
    const method = request.method!;
    metrics.requests.add(label, method, status, ms / 1_000);
    if (!log.isLevelEnabled("info")) return;
    // Parameters of a path can be secrets, so the route is logged, not the path.
    const path = route || label !== "none" ? label : safeText(loggedPath(request.url!));
    const isGone = response.destroyed && !response.writableFinished;
    logRequest(log, { method, path, status, ms: Math.round(ms * 100) / 100, requestId, traceId, isGone });
  }
}

/** `OPTIONS *` asks about the server as a whole. */
const EVERYTHING: Match = {
  kind: "method",
  allow: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  service: null,
};

function notAllowed(allow: string): Fault {
  return fault("METHOD_NOT_ALLOWED", { detail: `It takes ${allow}.`, headers: { allow } });
}

/** Headers that every answer begins with. */
function headersOf({ requestId, position }: State): Headers {
  return position === null ? { "x-request-id": requestId } : { "x-request-id": requestId, [POSITION_HEADER]: position };
}

/** What a run gave, in the form that the endpoint declares. */
function answerOf(
  { status, kind, service }: EndpointDefinition,
  output: CompiledOutput | null,
  value: unknown,
  entries: Answer["entries"] & {},
  origin: string | undefined,
): Answer {
  const headers = corsHeaders(service.options.cors, origin);
  if (!output) return { status, headers, entries };
  if (kind === "command") headers["cache-control"] = "no-store";
  const { mediaType } = output;
  return { status, headers, entries, mediaType, body: output.write(value), tagged: kind === "query" };
}

/** Path and query of a request target; a proxy sends the whole URL (RFC 9112, section 3.2.2). */
function originForm(url: string, method: string): string {
  if (/[^\x21-\x7e]/.test(url))
    throw fault("INVALID_ENCODING", { detail: "The URL holds characters that are not percent-encoded." });
  if (url.startsWith("/") || (url === "*" && method === "OPTIONS")) return url;
  const authority = /^https?:\/\/[^/?#]+/i.exec(url)?.[0];
  if (authority === undefined)
    throw fault("INVALID_REQUEST", { detail: "The request target is neither a path nor a URL." });
  const rest = url.slice(authority.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function loggedPath(url: string): string {
  const [path = ""] = url.split("?", 1);
  return path.slice(0, 200).replace(/[^/]+/g, (part) => (part.length > LOGGED_SEGMENT_CHARS_MAX ? "…" : part));
}

/** Aborted when the caller goes away before the answer. */
function abortOn(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  if (response.destroyed) controller.abort();
  else response.once("close", () => controller.abort());
  return controller.signal;
}
