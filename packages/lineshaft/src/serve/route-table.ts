/**
 * Route table: where endpoints are and where their input goes, for programs that know them by name. It is to a client
 * what the OpenAPI document is to people, and says nothing that the document does not: of each endpoint its route, and
 * the keys that are not read from the usual place under their own name.
 */
import type { Declarations, NamedEndpoint } from "../define/declarations.ts";
import { shapeKind } from "../define/shape.ts";
import { inputParts } from "./gather.ts";

/** Where the platform serves the table. */
export const ROUTE_TABLE_PATH = "/lineshaft/routes.json";

/** One endpoint of the table. The client package has the same type. */
interface RouteEntry {
  /** `GET /links/:code` */
  readonly route: string;
  /** Keys read from elsewhere than path, query (GET, DELETE) or body: `{ "version": "header if-match" }`. */
  readonly from?: Readonly<Record<string, string>>;
  /** The answer is text as it stands, not JSON. */
  readonly text?: true;
  /** The body is a file. */
  readonly upload?: true;
  /** The answer is a file. */
  readonly download?: true;
}

/** The table of an app: entries by `service.name`, in the order of the declarations. */
export function routeTable({ endpoints }: Declarations): Readonly<Record<string, RouteEntry>> {
  return Object.fromEntries(endpoints.map((named) => [named.name, entryOf(named)]));
}

function entryOf({ endpoint }: NamedEndpoint): RouteEntry {
  const { method, path, output } = endpoint;
  const usual = method === "GET" || method === "DELETE" ? "query" : "body";
  const unusual = inputParts(endpoint).filter(
    (part) => part.in !== "path" && (part.in !== usual || part.name !== part.key),
  );
  return {
    route: `${method} ${path}`,
    ...(unusual.length === 0
      ? {}
      : { from: Object.fromEntries(unusual.map((part) => [part.key, `${part.in} ${part.name}`])) }),
    ...(output !== null && shapeKind(output) === "content" ? { text: true } : {}),
    ...(endpoint.upload === undefined ? {} : { upload: true }),
    ...(output !== null && shapeKind(output) === "download" ? { download: true } : {}),
  };
}
