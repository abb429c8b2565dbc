/**
 * Exchange: one HTTP request from its head to its answer.
 *
 * route → actor → limit → input → run → answer; a failure at any step becomes a problem document in the format of the
 * service whose route it is. Nothing here knows SQL.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { CallRequest } from "../call/context.ts";
import { type CallRuntime, runCall } from "../call/run.ts";
import type { RequestFacts } from "../define/endpoint.ts";
import { type Fault, fault } from "../define/errors.ts";
import type { ServiceDefinition } from "../define/service.ts";
import type { Guard } from "../guard/guard.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type Trace, traceOf, traceparent } from "../observe/trace.ts";
import { accepts, type Answer, send } from "./answer.ts";
import { checkCookieOrigin, corsHeaders, preflightHeaders } from "./cors.ts";
import type { Origins } from "./origins.ts";
import { asFault, problemAnswer } from "./problem.ts";
import { type Route, type Routes, URL_CHARS_MAX } from "./routes.ts";

/** A page of the platform itself, beside the endpoints: documentation, health. GET only. */
export type Page = (request: IncomingMessage) => Promise<Answer> | Answer;

export interface ExchangeOptions {
  readonly routes: Routes;
  readonly pages: ReadonlyMap<string, Page>;
  readonly guard: Guard;
  readonly runtime: CallRuntime;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly origins: Origins;
  readonly clock: () => Date;
}

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;

interface State {
  readonly trace: Trace;
  readonly requestId: string;
  readonly startedAt: number;
  route: Route | null;
  service: ServiceDefinition | null;
  label: string;
}

export class Exchange {
  readonly #options: ExchangeOptions;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Answers a request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const trace = traceOf(single(request.headers.traceparent));
    const given = single(request.headers["x-request-id"]);
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : trace.traceId;
    const state: State = { trace, requestId, startedAt: performance.now(), route: null, service: null, label: "none" };
    response.setHeader("x-request-id", requestId);
    response.setHeader("traceparent", traceparent(trace));
    let status = 500;
    try {
      status = await this.#answer(request, response, state);
    } catch (error) {
      status = await this.#fail(request, response, state, asFault(error));
    }
    this.#record(request, response, state, status);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, state: State): Promise<number> {
    const { method = "GET", url = "/" } = request;
    if (url.length > URL_CHARS_MAX) {
      throw fault("URL_TOO_LONG", { detail: `It has ${url.length} characters; the limit is ${URL_CHARS_MAX}.` });
    }
    const mark = url.indexOf("?");
    const path = mark < 0 ? url : url.slice(0, mark);
    const page = this.#options.pages.get(path);
    if (page) return this.#page(page, path, request, response, state);
    if (method === "OPTIONS") return this.#preflight(path, request, response, state);
    const match = this.#options.routes.match(method === "HEAD" ? "GET" : method, path);
    if (match.kind !== "route") {
      state.service = match.service;
      if (match.kind === "none") throw fault("ROUTE_NOT_FOUND", { detail: `There is no route ${path.slice(0, 200)}.` });
      const allow = match.allow.join(", ");
      throw fault("METHOD_NOT_ALLOWED", { detail: `It takes ${allow}.`, headers: { allow } });
    }
    state.route = match.route;
    state.service = match.route.endpoint.service;
    state.label = match.route.endpoint.path;
    const answer = await this.#call(match.route, match.params, mark < 0 ? "" : url.slice(mark + 1), request, response, state);
    return send(request, response, answer);
  }

  async #call(
    route: Route,
    params: Readonly<Record<string, string | undefined>>,
    query: string,
    request: IncomingMessage,
    response: ServerResponse,
    state: State,
  ): Promise<Answer> {
    const { guard, runtime, clock, log, origins } = this.#options;
    const { endpoint, name } = route;
    if (route.output && !accepts(request.headers.accept, route.output.mediaType)) {
      throw fault("NOT_ACCEPTABLE", { detail: `The answer is ${route.output.mediaType}.` });
    }
    const now = clock();
    const facts = new Facts(request, state.requestId, origins);
    checkCookieOrigin(endpoint, facts);
    const actor = await guard.actor(endpoint, facts, now);
    await guard.limit(name, endpoint, actor, facts, now);
    const input = await route.gather.input(request, params, query, now);
    const call: CallRequest = { endpoint, name, input, actor, facts, now, log, signal: () => abortOn(response) };
    const { value, headers } = await runCall(runtime, call);
    const cors = corsHeaders(endpoint.service.options.cors, request.headers.origin);
    if (!route.output) return { status: endpoint.status, headers: cors, entries: headers };
    const answer = { mediaType: route.output.mediaType, body: route.output.write(value), entries: headers };
    return endpoint.kind === "query"
      ? { ...answer, status: endpoint.status, headers: cors, tagged: true }
      : { ...answer, status: endpoint.status, headers: { ...cors, "cache-control": "no-store" } };
  }

  async #page(page: Page, path: string, request: IncomingMessage, response: ServerResponse, state: State): Promise<number> {
    state.label = path;
    const { method } = request;
    const allow = "GET, HEAD, OPTIONS";
    if (method === "OPTIONS") return send(request, response, { status: 204, headers: { allow } });
    if (method !== "GET" && method !== "HEAD") {
      throw fault("METHOD_NOT_ALLOWED", { detail: `It takes ${allow}.`, headers: { allow } });
    }
    return send(request, response, await page(request));
  }

  async #preflight(path: string, request: IncomingMessage, response: ServerResponse, state: State): Promise<number> {
    const { routes } = this.#options;
    const match = routes.match("OPTIONS", path);
    state.service = match.kind === "none" ? null : match.kind === "method" ? match.service : null;
    if (match.kind !== "method") throw fault("ROUTE_NOT_FOUND", { detail: `There is no route ${path.slice(0, 200)}.` });
    const { origin, "access-control-request-method": asked, "access-control-request-headers": askedHeaders } = request.headers;
    const allow = match.allow.join(", ");
    const rule = (asked ? routes.find(asked, path)?.endpoint.service : match.service)?.options.cors;
    const cors = origin === undefined ? {} : preflightHeaders(rule, origin, match.allow, askedHeaders);
    return send(request, response, { status: 204, headers: { allow, ...cors } });
  }

  async #fail(request: IncomingMessage, response: ServerResponse, state: State, shown: Fault): Promise<number> {
    const { metrics, log } = this.#options;
    metrics.faults.inc({ code: shown.code });
    if (shown.status >= 500) {
      const facts = { err: shown.cause ?? shown, code: shown.code, requestId: state.requestId, endpoint: state.route?.name };
      if (shown.code === "INTERNAL") log.error(facts, "a request failed");
      else log.warn(facts, shown.message);
    }
    const headers: Record<string, string> = {
      ...corsHeaders(state.service?.options.cors, request.headers.origin),
      "cache-control": "no-store",
      ...shown.headers,
    };
    if (shown.retryAfterSeconds !== undefined) headers["retry-after"] = String(shown.retryAfterSeconds);
    // What was not read of the body would be taken for the next request.
    if (!request.complete && hasUnreadBody(request)) headers.connection = "close";
    const { status, body, mediaType = "application/json" } = problemAnswer(shown, state.requestId, state.service);
    return send(request, response, { status, mediaType, body: JSON.stringify(body), headers }).catch(() => status);
  }

  #record(request: IncomingMessage, response: ServerResponse, state: State, status: number): void {
    const { metrics, log } = this.#options;
    const ms = performance.now() - state.startedAt;
    const { method = "GET" } = request;
    metrics.requests.inc({ route: state.label, method, status });
    metrics.requestSeconds.observe({ route: state.label, method }, ms / 1_000);
    if (!log.isLevelEnabled("info")) return;
    const path = request.url?.split("?", 1)[0]?.slice(0, 500);
    const gone = response.destroyed && !response.writableFinished;
    const facts = { method, path, status, ms: Math.round(ms * 100) / 100, requestId: state.requestId, traceId: state.trace.traceId };
    log.info(gone ? { ...facts, gone } : facts, "request");
  }
}

/** Facts of the request, worked out when they are asked for. */
class Facts implements RequestFacts {
  readonly id: string;
  readonly #request: IncomingMessage;
  readonly #origins: Origins;

  constructor(request: IncomingMessage, id: string, origins: Origins) {
    this.id = id;
    this.#request = request;
    this.#origins = origins;
  }

  get headers(): RequestFacts["headers"] {
    return this.#request.headers;
  }
  get origin(): string {
    return this.#origins.originOf(this.#request);
  }
  get address(): string {
    return this.#origins.addressOf(this.#request);
  }
}

function hasUnreadBody(request: IncomingMessage): boolean {
  return request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Aborted when the caller goes away before the answer. */
function abortOn(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}
