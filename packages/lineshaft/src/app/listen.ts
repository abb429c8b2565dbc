/**
 * Listen: opens the sockets of an app, the public one with its endpoints and pages, and the private one of the metrics.
 */
import { fileURLToPath } from "node:url";
import type { Cache } from "../cache/index.ts";
import { Answers } from "../call/answers.ts";
import { CacheCheck } from "../call/cache-check.ts";
import { Questions } from "../call/questions.ts";
import type { CallRuntime } from "../call/run.ts";
import { Scopes } from "../call/scope.ts";
import type { Channels } from "../channel/channels.ts";
import type { Declarations } from "../define/declarations.ts";
import type { Mailer } from "../define/service.ts";
import { MailSandbox } from "../engines/mail-sandbox.ts";
import { Guard } from "../guard/guard.ts";
import { InProcessCounters } from "../guard/limits.ts";
import { Live } from "../live/index.ts";
import type { Relay } from "../log/relay.ts";
import type { Logger } from "../observe/log.ts";
import { Exchange, type Page } from "../serve/exchange.ts";
import { type LiveBounds, LiveGate } from "../serve/live/live-gate.ts";
import { ChannelRoutes } from "../serve/live/targets.ts";
import { Origins } from "../serve/origins.ts";
import { Positions } from "../serve/positions.ts";
import { REFERENCE_PATH } from "../serve/reference.ts";
import { Routes } from "../serve/routes.ts";
import { HttpServer, type ServerBounds, type ServerOptions } from "../serve/server.ts";
import { sitePages } from "../serve/site.ts";
import { CheckDoor } from "./check-door.ts";
import { fileBytesMax } from "./files.ts";
import type { Machines } from "./machines.ts";
import { MAIL_PATH, mailPage } from "./mail-page.ts";
import { metricsServer } from "./metrics-server.ts";
import { platformPages } from "./pages.ts";
import type { Settings } from "./settings.ts";
import type { AppOptions } from "./start.ts";

/** An app that is ready to serve. */
export interface Node {
  readonly options: AppOptions;
  readonly settings: Settings;
  readonly declarations: Declarations;
  readonly runtime: CallRuntime;
  readonly relay: Relay | null;
  readonly cache: Cache | null;
  readonly machines: Machines;
  readonly channels: Channels;
  readonly clock: () => Date;
  readonly log: Logger;
  readonly mail: Mailer;
  readonly origin: OwnOrigin;
}

/** Where callers reach this node: as it is configured, else as it listens. */
export class OwnOrigin {
  readonly #settings: Settings;
  #port: number;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#port = settings.port;
  }

  get url(): string {
    return this.#settings.publicUrl ?? this.local;
  }

  /** `http://127.0.0.1:4000` */
  get local(): string {
    const { host } = this.#settings;
    return `http://${host.includes(":") ? `[${host}]` : host}:${this.#port}`;
  }

  /** The port that the system gave. */
  listensOn(port: number): void {
    this.#port = port;
  }
}

/** Opens both sockets; `started` closes them again. */
export async function listen(
  node: Node,
  started: AsyncDisposableStack,
  bounds: ServerBounds & LiveBounds,
): Promise<{ readonly url: string; readonly metricsUrl: string }> {
  const { settings, runtime, relay, cache, origin } = node;
  const { metrics, pool } = runtime;
  const pages = new Map<string, Page>();
  const live = started.use(new Live({ cache, relay, metrics, log: node.log }));
  const { exchange, gate } = openDoors(node, live, { pages, bounds });
  const handle: ServerOptions["handle"] = (request, response) => exchange.handle(request, response);
  const server = new HttpServer({ ...bounds, handle, fileBytesMax: fileBytesMax(node.declarations), lasting: gate });
  for (const [path, page] of await pagesOf(node, () => server.draining)) if (!pages.has(path)) pages.set(path, page);

  const address = await server.listen(settings.host, settings.port, "PORT");
  started.defer(() => server.close());
  origin.listensOn(address.port);
  const check = new CheckDoor(new CacheCheck({ cache, relay, runtime, log: node.log, clock: node.clock }));
  const { machines } = node;
  const hidden = metricsServer({ metrics, pool, relay, cache, live, machines, server, check });
  const { port } = await hidden.listen("127.0.0.1", settings.metricsPort, "METRICS_PORT");
  started.defer(() => hidden.close());
  started.use(check);
  return { url: origin.local, metricsUrl: `http://127.0.0.1:${port}/metrics` };
}

/** What every request goes through, and what keeps connections open. */
function openDoors(
  { declarations, settings, runtime, relay, cache, channels, origin, log, clock }: Node,
  live: Live,
  { pages, bounds }: { readonly pages: ReadonlyMap<string, Page>; readonly bounds: LiveBounds },
): { readonly exchange: Exchange; readonly gate: LiveGate } {
  const { publicUrl, trustProxy } = settings;
  const { metrics } = runtime;
  const { services } = declarations;
  const shared = {
    routes: new Routes(declarations),
    guard: new Guard({ runtime, services, counters: new InProcessCounters(), cache }),
    origins: new Origins({ publicUrl, trustProxy, fallback: () => origin.local }),
    positions: relay && new Positions(relay),
    metrics,
    log,
    clock,
  };
  const scopes = new Scopes();
  const questions = new Questions({ runtime, clock, scopes });
  const channelRoutes = new ChannelRoutes(declarations);
  const gate = new LiveGate({ ...shared, services, cache, live, questions, channels, channelRoutes, bounds });
  const answers = cache && new Answers(cache, metrics, scopes);
  return { gate, exchange: new Exchange({ ...shared, pages, runtime, answers, live: gate }) };
}

/** Who looks at an address without a path finds out what is here. A page of the app's own at `/` comes first. */
const toReference: Page = () => ({ status: 302, headers: { location: REFERENCE_PATH, "cache-control": "no-store" } });

async function pagesOf(node: Node, draining: () => boolean): Promise<(readonly [path: string, page: Page])[]> {
  const { options, settings, declarations, runtime, mail } = node;
  const { title = "Lineshaft app", version = "0.0.0", description, sites = {} } = options;
  const shown = { declarations, title, version, description, pool: runtime.pool, draining };
  const built = Object.entries(sites).map(([prefix, folder]) => sitePages(prefix, fileURLToPath(folder)));
  const isShown = mail instanceof MailSandbox && settings.mode === "development";
  return [
    ...platformPages(shown),
    ...(await Promise.all(built)).flat(),
    ...(isShown ? [[MAIL_PATH, mailPage(mail, title)] as const] : []),
    ...(declarations.endpoints.some(({ endpoint }) => endpoint.path === "/") ? [] : [["/", toReference] as const]),
  ];
}
