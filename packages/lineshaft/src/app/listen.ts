/**
 * Listen: opens the sockets of an app, the public one with its endpoints and pages, and the private one of the metrics.
 */
import { fileURLToPath } from "node:url";
import type { Cache } from "../cache/index.ts";
import { Answers } from "../call/answers.ts";
import type { CallRuntime } from "../call/run.ts";
import type { Declarations } from "../define/declarations.ts";
import type { Mailer } from "../define/service.ts";
import { MailSandbox } from "../engines/mail-sandbox.ts";
import { Guard } from "../guard/guard.ts";
import { InProcessCounters } from "../guard/limits.ts";
import type { Relay } from "../log/relay.ts";
import type { Logger } from "../observe/log.ts";
import { Exchange, type Page } from "../serve/exchange.ts";
import { Origins } from "../serve/origins.ts";
import { Positions } from "../serve/positions.ts";
import { REFERENCE_PATH } from "../serve/reference.ts";
import { Routes } from "../serve/routes.ts";
import { HttpServer, type ServerBounds } from "../serve/server.ts";
import { sitePages } from "../serve/site.ts";
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
  bounds: ServerBounds,
): Promise<{ readonly url: string; readonly metricsUrl: string }> {
  const { declarations, settings, runtime, relay, cache, origin, log, clock } = node;
  const { publicUrl, trustProxy } = settings;
  const { metrics, pool } = runtime;
  const pages = new Map<string, Page>();
  const exchange = new Exchange({
    routes: new Routes(declarations),
    pages,
    guard: new Guard({ runtime, services: declarations.services, counters: new InProcessCounters(), cache }),
    runtime,
    answers: cache && new Answers(cache, metrics),
    positions: relay && new Positions(relay),
    metrics,
    log,
    clock,
    origins: new Origins({ publicUrl, trustProxy, fallback: () => origin.local }),
  });
  const server = new HttpServer({ ...bounds, handle: (request, response) => exchange.handle(request, response) });
  for (const [path, page] of await pagesOf(node, () => server.draining)) if (!pages.has(path)) pages.set(path, page);

  const address = await server.listen(settings.host, settings.port, "PORT");
  started.defer(() => server.close());
  origin.listensOn(address.port);
  const hidden = metricsServer({ metrics, pool, relay, cache, server });
  const { port } = await hidden.listen("127.0.0.1", settings.metricsPort, "METRICS_PORT");
  started.defer(() => hidden.close());
  return { url: origin.local, metricsUrl: `http://127.0.0.1:${port}/metrics` };
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
