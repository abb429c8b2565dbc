/**
 * Routes: where an endpoint is, and where each key of its input goes. Types carry no routes at run time, so a client
 * asks the server for its table, once, when it first needs it.
 */
import { Problem, problem } from "./problem.ts";

/** Where the platform serves the table. */
export const ROUTES_PATH = "/lineshaft/routes.json";

/** One endpoint of the table. */
export interface Route {
  /** `GET /projects/:project/tasks` */
  readonly route: string;
  /** Keys that stand elsewhere or under another name than usual: `{ "version": "header if-match" }`. */
  readonly from?: Readonly<Record<string, string>>;
  /** The answer is text, not JSON. */
  readonly text?: true;
  /** The body is a file. */
  readonly upload?: true;
  /** The answer is a file. */
  readonly download?: true;
}

/** One channel of the table. */
export interface ChannelRoute {
  /** `/rooms/:room` */
  readonly channel: string;
  readonly from?: Readonly<Record<string, string>>;
}

/** The table: endpoints and channels by `service.name`. */
export type RouteTable = Readonly<Record<string, Route | ChannelRoute>>;

/** A call on its way: everything of a request but who asks. */
export interface Outgoing {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Blob | undefined;
  /** The answer is a file. */
  readonly isFile?: boolean;
}

type Values = Readonly<Record<string, unknown>>;

/**
 * The request of a call. What is `undefined` is left out, and so is `null` outside of a body, where no text says it.
 *
 * @throws {Problem} INVALID_INPUT for a value that cannot stand in a path.
 */
export function outgoing({ route, from = {} }: Route, input: Values = {}): Outgoing {
  const [method = "", template = ""] = route.split(" ");
  const body: Record<string, unknown> = {};
  const query: string[] = [];
  const cookies: string[] = [];
  const headers: Record<string, string> = {};
  const placed = new Set<string>();
  const path = template.replace(/:(\w+)/g, (_, key: string) => {
    placed.add(key);
    return segment(key, input[key]);
  });
  const usual = method === "GET" || method === "DELETE" ? "query" : "body";
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined || placed.has(key)) continue;
    const [place, name = key] = (from[key] ?? usual).split(" ");
    if (place === "body") body[key] = value;
    else if (value === null) continue;
    else if (place === "header") headers[name] = latin1(text(value));
    else if (place === "cookie") cookies.push(pair(name, value));
    else query.push(...[value].flat().map((each) => pair(name, each)));
  }
  // A browser sends its own cookies, and drops this header.
  if (cookies.length > 0) headers["cookie"] = cookies.join("; ");
  const hasBody = Object.keys(body).length > 0;
  if (hasBody) headers["content-type"] = "application/json";
  const search = query.length > 0 ? `?${query.join("&")}` : "";
  return { method, path: path + search, headers, body: hasBody ? JSON.stringify(body) : undefined };
}

/** One segment of a path. A URL parser takes dots for the way up, also when they are escaped. */
function segment(key: string, value: unknown): string {
  const segment = text(value ?? "");
  if (!/^\.{0,2}$/.test(segment)) return encodeURIComponent(segment);
  const detail = `"${segment}" cannot stand in a path.`;
  const errors = [{ in: "path" as const, pointer: `/${key}`, rule: "path", detail }];
  throw new Problem({ code: "INVALID_INPUT", status: 0, title: "The input is not valid", detail, errors });
}

function text(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function pair(name: string, value: unknown): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(text(value))}`;
}

/** A header takes bytes, written as characters up to U+00FF; the server reads them as UTF-8. */
function latin1(value: string): string {
  return Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join("");
}

/** The table, fetched when it is first needed. A failure is not kept. */
export class Routes {
  readonly #fetch: () => Promise<RouteTable>;
  #table: Promise<RouteTable> | null;

  constructor(fetch: () => Promise<RouteTable>, given: RouteTable | undefined) {
    this.#fetch = fetch;
    this.#table = given ? Promise.resolve(given) : null;
  }

  /**
   * Where a query, a command or a channel is; the input of a channel stands where a query's would.
   *
   * @throws {Problem} UNKNOWN_ENDPOINT, or why the table could not be fetched.
   */
  async find(name: string): Promise<Route> {
    this.#table ??= this.#fetch();
    const table = await this.#table.catch((error: unknown) => {
      this.forget();
      throw error;
    });
    if (Object.hasOwn(table, name)) {
      const found = table[name]!;
      return "channel" in found ? { ...found, route: `GET ${found.channel}` } : found;
    }
    this.forget();
    throw problem("UNKNOWN_ENDPOINT", `The server has no endpoint "${name}". Is it the name that the app gives it?`);
  }

  /** Asks again the next time: the server has changed. */
  forget(): void {
    this.#table = null;
  }
}
