/**
 * OpenAPI: the document that describes an app, made from its declarations and nothing else.
 *
 * One operation per endpoint, one tag per service; entities are components; every failure that can occur is listed with
 * its codes. HEAD and OPTIONS work wherever GET or any route does and are not listed.
 * Promises. The document is valid OpenAPI 3.1. Equal declarations give equal text: keys stand in a fixed order. Nothing
 * hidden is in an answer's schema or example. Examples fit the schemas that they stand beside.
 * The parts: `openapi-operation.ts` one endpoint, `openapi-components.ts` names, `openapi-problems.ts` failures,
 * `openapi-examples.ts` and `openapi-pattern.ts` examples.
 */
import type { Declarations, NamedEndpoint } from "../define/declarations.ts";
import { Components, wireValue } from "./openapi-components.ts";
import { operationOf } from "./openapi-operation.ts";

export const OPENAPI_VERSION = "3.1.1";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** What a document says of the app as a whole. */
export interface ApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
  /** Where the app is reached: `https://api.example`. Default: where the document comes from. */
  readonly servers?: readonly string[];
  /** Name of the cookie that carries a session. Default `SESSION_COOKIE`. */
  readonly sessionCookie?: string;
}

/** The cookie of a session, where the app does not say. */
export const SESSION_COOKIE = "better-auth.session_token";

/**
 * The OpenAPI 3.1 document of an app: plain JSON, in the order of the declarations.
 *
 * Calls a service's `problem` with samples to learn its format; a format that throws is documented without content.
 */
export function openApiDocument(declarations: Declarations, info: ApiInfo): object {
  const components = new Components(declarations);
  const authenticates = declarations.services.some((service) => service.options.authenticate !== undefined);
  const paths = pathsOf(declarations.endpoints, components, authenticates);
  const { title, version, description, servers = ["/"] } = info;
  const document = {
    openapi: OPENAPI_VERSION,
    info: { title, version, ...(description === undefined ? {} : { description }) },
    servers: servers.map((url) => ({ url })),
    tags: tagsOf(declarations),
    paths,
    components: {
      ...components.listed(),
      ...(authenticates ? { securitySchemes: securitySchemes(info.sessionCookie ?? SESSION_COOKIE) } : {}),
    },
  };
  // Defaults and examples are values of `run`: instants and 64-bit numbers become what they are on the wire.
  return JSON.parse(JSON.stringify(document, wireValue)) as object;
}

function tagsOf({ services, endpoints }: Declarations): object[] {
  const used = new Set(endpoints.map(({ endpoint }) => endpoint.service));
  return services
    .filter((service) => used.has(service))
    .map(({ name, options }) => ({
      name,
      ...(options.description === undefined ? {} : { description: options.description }),
    }));
}

function securitySchemes(cookie: string): object {
  return {
    bearer: { type: "http", scheme: "bearer", description: "The token of a session, for programs." },
    session: { type: "apiKey", in: "cookie", name: cookie, description: "The cookie of a session, for web pages." },
  };
}

/** Paths in the order of their first endpoint; below each, methods in a fixed order. */
function pathsOf(endpoints: readonly NamedEndpoint[], components: Components, authenticates: boolean): object {
  const templates = new Map<string, { readonly path: string; readonly names: readonly string[] }>();
  const paths = new Map<string, [string, object][]>();
  for (const named of endpoints) {
    const { path, method } = named.endpoint;
    const own = namesIn(path);
    const anonymous = path.replace(PARAMETER, "{}");
    const template = templates.get(anonymous) ?? { path: path.replace(PARAMETER, "{$1}"), names: own };
    templates.set(anonymous, template);
    // `/links/{code}` and `/links/{id}` are one path in OpenAPI: the name that came first stands for both.
    const pathNames = new Map(own.map((name, index) => [name, template.names[index]!]));
    const operation = operationOf(named, { components, authenticates, pathNames });
    const operations = paths.get(template.path) ?? [];
    paths.set(template.path, operations);
    operations.push([method, operation]);
  }
  const inOrder = ([one]: [string, object], [other]: [string, object]) => METHODS.indexOf(one) - METHODS.indexOf(other);
  return Object.fromEntries(
    [...paths].map(([path, operations]) => [
      path,
      Object.fromEntries(operations.toSorted(inOrder).map(([method, operation]) => [method.toLowerCase(), operation])),
    ]),
  );
}

const PARAMETER = /:([A-Za-z0-9_]+)/g;

function namesIn(path: string): string[] {
  return [...path.matchAll(PARAMETER)].map((match) => match[1]!);
}
