/**
 * Routes: which endpoint answers a method and a path.
 */
import FindMyWay from "find-my-way";
import { compileInput } from "../call/input.ts";
import { type CompiledOutput, compileOutput } from "../call/output.ts";
import type { Declarations, NamedEndpoint } from "../define/declarations.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import { fault } from "../define/errors.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { Gather } from "./gather.ts";

/** Characters of a URL's path and query string. */
export const URL_CHARS_MAX = 8_192;

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** An endpoint with what is compiled from it when it is called first. */
export class Route {
  readonly name: string;
  readonly endpoint: EndpointDefinition;
  #gather: Gather | undefined;
  #output: CompiledOutput | null | undefined;

  constructor({ name, endpoint }: NamedEndpoint) {
    this.name = name;
    this.endpoint = endpoint;
  }

  get gather(): Gather {
    this.#gather ??= new Gather(this.endpoint, (partOf, closed) =>
      compileInput(this.endpoint.input, { closed, partOf }),
    );
    return this.#gather;
  }

  get output(): CompiledOutput | null {
    if (this.#output === undefined) this.#output = compileOutput(this.endpoint.output);
    return this.#output;
  }
}

export type Match =
  | { readonly kind: "route"; readonly route: Route; readonly params: Readonly<Record<string, string | undefined>> }
  | { readonly kind: "method"; readonly allow: readonly string[]; readonly service: ServiceDefinition | null }
  | { readonly kind: "none"; readonly service: ServiceDefinition | null };

export class Routes {
  readonly #router = FindMyWay({
    caseSensitive: true,
    ignoreTrailingSlash: true,
    maxParamLength: URL_CHARS_MAX,
    onBadUrl: () => {},
  });
  readonly #services: readonly ServiceDefinition[];

  constructor({ endpoints, services }: Pick<Declarations, "endpoints" | "services">) {
    this.#services = services;
    for (const each of endpoints) {
      const route = new Route(each);
      this.#router.on(each.endpoint.method, each.endpoint.path, { constraints: {} }, () => {}, route);
    }
  }

  /** @throws {Fault} INVALID_ENCODING when the path is not percent-encoded UTF-8. */
  match(method: string, path: string): Match {
    checkPath(path);
    const found = this.#router.find(method as "GET", path);
    if (found?.store instanceof Route) return { kind: "route", route: found.store, params: found.params };
    const others = METHODS.map((each) => this.#router.find(each, path)?.store).filter(
      (store) => store instanceof Route,
    );
    const [first] = others;
    if (!first) return { kind: "none", service: this.#ownerOf(path) };
    const allow = others.flatMap(({ endpoint }) => (endpoint.method === "GET" ? ["GET", "HEAD"] : [endpoint.method]));
    return { kind: "method", allow: [...allow, "OPTIONS"], service: first.endpoint.service };
  }

  /** The route that answers this method, for a preflight. */
  find(method: string, path: string): Route | null {
    const store = this.#router.find((method === "HEAD" ? "GET" : method) as "GET", path)?.store;
    return store instanceof Route ? store : null;
  }

  /** The service whose prefix a path stands under. */
  #ownerOf(path: string): ServiceDefinition | null {
    return this.#services.find(({ options: { prefix } }) => prefix && path.startsWith(`${prefix}/`)) ?? null;
  }
}

function checkPath(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path);
  } catch {
    throw fault("INVALID_ENCODING", { detail: "The path is not percent-encoded UTF-8." });
  }
}
