/**
 * CORS (the Fetch standard, section 3.3): which pages of other origins a browser lets call a service.
 *
 * Without a rule no header is sent, and browsers refuse. And the guard of cookies: a write that a browser sends with
 * cookies must come from our own origin or from one that the rule lets bring them.
 */

import type { EndpointDefinition, RequestFacts } from "../define/endpoint.ts";
import { fault } from "../define/errors.ts";
import type { CorsRule, ServiceDefinition } from "../define/service.ts";

/** How long a browser may remember the answer to a preflight. */
const PREFLIGHT_SECONDS = "7200";
/** Headers of an answer that a page may read beside those that every page may. */
const EXPOSED = "etag, location, retry-after, x-request-id, lineshaft-position";

type Headers = Record<string, string>;

function allowed(rule: CorsRule | undefined, origin: string): boolean {
  return rule !== undefined && (rule.origins === "*" || rule.origins.includes(origin));
}

/** Headers of an answer to a page of another origin. */
export function corsHeaders(rule: CorsRule | undefined, origin: string | undefined): Headers {
  if (!rule) return {};
  if (rule.origins === "*") return { "access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED };
  if (origin === undefined || !allowed(rule, origin)) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-expose-headers": EXPOSED,
    ...(rule.credentials ? { "access-control-allow-credentials": "true" } : {}),
  };
}

/** Headers of the answer to a preflight. */
export function preflightHeaders(
  rule: CorsRule | undefined,
  origin: string,
  methods: readonly string[],
  asked: string | undefined,
): Headers {
  if (!allowed(rule, origin)) return {};
  const { "access-control-expose-headers": _, ...headers } = corsHeaders(rule, origin);
  return {
    ...headers,
    "access-control-allow-methods": methods.join(", "),
    ...(asked ? { "access-control-allow-headers": asked } : {}),
    "access-control-max-age": PREFLIGHT_SECONDS,
  };
}

/** Whether a page of this origin may bring credentials to a service: one of our own, or one that the rule lets in. */
export function mayBringCookies({ options: { cors } }: ServiceDefinition, from: string, facts: RequestFacts): boolean {
  return from === facts.origin || (cors?.credentials === true && allowed(cors, from));
}

/**
 * Guards writes that come with cookies against pages of other origins (CSRF).
 *
 * @throws {Fault} ORIGIN_REFUSED
 */
export function checkCookieOrigin(endpoint: EndpointDefinition, facts: RequestFacts): void {
  if (endpoint.kind === "query") return;
  const { cookie, origin, "sec-fetch-site": site } = facts.headers;
  if (cookie === undefined) return;
  const from = typeof origin === "string" ? origin : undefined;
  if (from === undefined ? site !== "cross-site" : from === facts.origin) return;
  if (from !== undefined && mayBringCookies(endpoint.service, from, facts)) return;
  throw fault("ORIGIN_REFUSED", {
    detail: `A page of ${from ?? "another site"} sent cookies with a ${endpoint.method}.`,
  });
}
