/**
 * Route table: where endpoints are and where their input goes, for programs that know them by name. It is to a client
 * what the OpenAPI document is to people, and says nothing that the document does not: of each endpoint its route, and
 * the keys that are not read from the usual place under their own name. Channels are told by their paths.
 */
import type { Declarations } from "../define/declarations.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import { shapeKind } from "../define/shape.ts";
import { inputParts } from "./gather.ts";

/** Where the platform serves the table. */
export const ROUTE_TABLE_PATH = "/lineshaft/routes.json";

/** Where the keys of an input stand. */
interface Keys {
  /** Those read from elsewhere than path, query (GET, DELETE, channel) or body: `{ "version": "header if-match" }`. */
  readonly from?: Readonly<Record<string, string>>;
}

/** One endpoint of the table. The client package has the same type. */
interface RouteEntry extends Keys {
  /** `GET /links/:code` */
  readonly route: string;
  /** The answer is text as it stands, not JSON. */
  readonly text?: true;
  /** The body is a file. */
  readonly upload?: true;
  /** The answer is a file. */
  readonly download?: true;
}

/** One channel of the table. */
interface ChannelEntry extends Keys {
  /** `/rooms/:room` */
  readonly channel: string;
}

/** The table of an app: entries by `service.name`, endpoints before channels, in the order of the declarations. */
export function routeTable({ endpoints, channels }: Declarations): Readonly<Record<string, RouteEntry | ChannelEntry>> {
  return Object.fromEntries([
    ...endpoints.map(({ name, endpoint }) => [name, entryOf(endpoint)] as const),
    ...channels.map(({ name, channel }) => {
      return [name, { channel: channel.endpoint.path, ...keysOf(channel.endpoint) }] as const;
    }),
  ]);
}

function entryOf(endpoint: EndpointDefinition): RouteEntry {
  const { method, path, output } = endpoint;
  return {
    route: `${method} ${path}`,
    ...keysOf(endpoint),
    ...(output !== null && shapeKind(output) === "content" ? { text: true } : {}),
    ...(endpoint.upload === undefined ? {} : { upload: true }),
    ...(output !== null && shapeKind(output) === "download" ? { download: true } : {}),
  };
}

function keysOf(endpoint: EndpointDefinition): Keys {
  const { method } = endpoint;
  const usual = method === "GET" || method === "DELETE" ? "query" : "body";
  const unusual = inputParts(endpoint).filter(
    (part) => part.in !== "path" && (part.in !== usual || part.name !== part.key),
  );
  if (unusual.length === 0) return {};
  return { from: Object.fromEntries(unusual.map((part) => [part.key, `${part.in} ${part.name}`])) };
}
