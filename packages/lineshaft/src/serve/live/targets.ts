/** Targets: what a path on a socket leads to. */
import type { IncomingMessage } from "node:http";
import { spokenOf } from "../../call/spoken.ts";
import type { Declarations, NamedChannel } from "../../define/declarations.ts";
import type { EndpointDefinition, RequestFacts } from "../../define/endpoint.ts";
import { fault } from "../../define/errors.ts";
import { mayBringCookies } from "../cors.ts";
import { Routes } from "../routes.ts";
import type { Joined } from "./membership.ts";
import type { Asked } from "./party.ts";

/** Which channel a path leads to. */
export class ChannelRoutes {
  readonly #routes: Routes;
  readonly #channels: ReadonlyMap<EndpointDefinition, NamedChannel>;

  constructor({ channels, services }: Declarations) {
    const endpoints = channels.map(({ name, channel }) => ({ name, endpoint: channel.endpoint }));
    this.#routes = new Routes({ endpoints, services });
    this.#channels = new Map(channels.map((named) => [named.channel.endpoint, named]));
  }

  /** @throws {Fault} ROUTE_NOT_FOUND, INVALID_INPUT, BODY_TOO_LARGE, ORIGIN_REFUSED */
  find(target: string, state: unknown, facts: RequestFacts, request: IncomingMessage): Asked & Joined {
    const { path, query } = splitTarget(target);
    const match = this.#routes.match("GET", path);
    if (match.kind !== "route") {
      throw fault("ROUTE_NOT_FOUND", { detail: `There is no channel ${path.slice(0, 200)}.` });
    }
    const { route, params } = match;
    checkOrigin(route.endpoint, facts);
    const channel = this.#channels.get(route.endpoint)!;
    const spoken = spokenOf(channel.channel);
    const topic = spoken.topic(route.gather.input(request, null, params, query));
    return { route, params, query, channel, topic, state: spoken.state(state) };
  }
}

/** @throws {Fault} INVALID_ENCODING */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  if (/[^\x21-\x7e]/.test(target)) {
    throw fault("INVALID_ENCODING", { detail: "The path holds characters that are not percent-encoded." });
  }
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** A page of another origin needs its service's leave. @throws {Fault} ORIGIN_REFUSED */
export function checkOrigin({ service }: EndpointDefinition, facts: RequestFacts): void {
  const { origin } = facts.headers;
  if (typeof origin !== "string" || mayBringCookies(service, origin, facts)) return;
  throw fault("ORIGIN_REFUSED", { detail: `A page of ${origin.slice(0, 200)} asked with credentials.` });
}
