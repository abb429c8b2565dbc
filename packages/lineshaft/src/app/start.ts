/**
 * App: puts services, engines and settings together; starts and stops as one.
 *
 * Start, in this order: settings → declarations → store → migrations → pool → demo data → sockets. Every step that was
 * taken is undone in reverse when a later one fails, and at the end. Nothing happens before `start`: declaring an app
 * is free of side effects.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Actor } from "../define/actor.ts";
import { NOBODY } from "../define/actor.ts";
import { compileInput, type WireInput } from "../call/input.ts";
import { type CallRuntime, runCall } from "../call/run.ts";
import { type Connection, Pool } from "../data/pool.ts";
import { checkDeclarations } from "../define/check.ts";
import { collect, type Declarations, type Modules } from "../define/declarations.ts";
import type { Endpoint, EndpointDefinition } from "../define/endpoint.ts";
import type { InputOf, ResultOf } from "../define/shape.ts";
import { MailSandbox } from "../engines/mail-sandbox.ts";
import { Guard } from "../guard/guard.ts";
import { type Counters, InProcessCounters } from "../guard/limits.ts";
import { createLog, type Logger } from "../observe/log.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import { Exchange, type Page } from "../serve/exchange.ts";
import { Origins } from "../serve/origins.ts";
import { Routes } from "../serve/routes.ts";
import { HttpServer, type ServerBounds } from "../serve/server.ts";
import { sitePages } from "../serve/site.ts";
import { metricsServer } from "./metrics-server.ts";
import { platformPages } from "./pages.ts";
import { MAIL_PATH, mailPage } from "./mail-page.ts";
import { openMail } from "./mail.ts";
import { secretOf } from "./secret.ts";
import { seedOnce } from "./seed.ts";
import { readSettings, type Settings } from "./settings.ts";
import { type EmbeddedServer, migrateStore, openStore, type Report } from "./store.ts";

/** What an app is made of. */
export interface AppOptions {
  /** Modules that export services and endpoints: `{ links }` after `import * as links from "./links.ts"`. */
  readonly services: Modules;
  /** Shown in the API reference. Default: "Lineshaft app". */
  readonly title?: string;
  readonly version?: string;
  readonly description?: string;
  /** Folder of the migration files, from the project's folder. Default `migrations`. */
  readonly migrations?: string;
  /** Folders of built web pages by the path that they stand under: `{ "/tasks/": new URL("./web/dist/", import.meta.url) }`. */
  readonly sites?: Readonly<Record<string, URL>>;
  /** Demo data, put in once per database, in development only. */
  readonly seed?: (tools: { readonly call: CallAs }) => Promise<void>;
}

/** Calls an endpoint from outside a request, as an actor. Each call is a transaction of its own. */
export type CallAs = <TInput, TOutput>(
  endpoint: Endpoint<TInput, TOutput>,
  input: InputOf<TInput>,
  options?: { readonly actor?: Actor; readonly headers?: Readonly<Record<string, string>> },
) => Promise<ResultOf<TOutput>>;

/** How one start differs from what the environment says; for tests and embedding. */
export interface StartOptions {
  readonly settings?: Partial<Settings>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. Default: the working directory. */
  readonly folder?: string;
  readonly report?: Report;
  readonly log?: Logger;
  readonly clock?: () => Date;
  readonly random?: () => number;
  readonly embedded?: EmbeddedServer;
  /** Other bounds for connections than the usual ones. */
  readonly bounds?: ServerBounds;
}

export interface RunningApp extends AsyncDisposable {
  /** `http://127.0.0.1:4000` */
  readonly url: string;
  readonly metricsUrl: string;
  readonly declarations: Declarations;
  /** How to reach its database. */
  readonly database: Connection;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly call: CallAs;
  /** Mails that were recorded instead of sent; `null` with SMTP. */
  readonly mails: MailSandbox | null;
  /** Ends gracefully: answers what is under way, then stops the database that it started. */
  stop(): Promise<void>;
}

/** Starts an app. See the head of this file for the order. */
export async function startApp(options: AppOptions, start: StartOptions): Promise<RunningApp> {
  const folder = start.folder ?? process.cwd();
  const settings = { ...readSettings(start.environment ?? process.env, folder), ...start.settings };
  const declarations = collect(options.services);
  checkDeclarations(declarations, options.services);
  const readable = settings.mode === "development";
  const log = start.log ?? createLog({ level: settings.logLevel, readable });
  const report = start.report ?? (() => {});
  await using started = new AsyncDisposableStack();

  const metrics = createMetrics();
  const store = started.use(await openStore(settings, report, log, start.embedded));
  report(`Database: ${store.label}`);
  const migrations = resolve(folder, options.migrations ?? "migrations");
  await migrateStore(store, declarations.services, { folder: migrations, settings, report });

  const pool = started.use(
    new Pool({
      connection: store.connection,
      metrics,
      onState: (state, error) => (state === "up" ? log.info("the database answers again") : log.error({ err: error }, "the database is away")),
    }),
  );
  const runtime: CallRuntime = { pool, metrics, random: start.random ?? Math.random };
  const clock = start.clock ?? (() => new Date());
  let url = `http://${bracketed(settings.host)}:${settings.port}`;
  const mail = openMail(settings, log, metrics);
  const surroundings = { mode: settings.mode, secret: await secretOf(settings), origin: () => settings.publicUrl ?? url, mail, log };
  for (const service of declarations.services) service.options.prepare?.(surroundings);
  const call = callAs(runtime, declarations, { log, clock });
  if (options.seed && settings.mode === "development") await seedOnce(pool, () => options.seed!({ call }), report);

  const counters: Counters = new InProcessCounters();
  const pages = new Map<string, Page>();
  const exchange = new Exchange({
    routes: new Routes(declarations),
    pages,
    guard: new Guard({ runtime, services: declarations.services, counters }),
    runtime,
    metrics,
    log,
    clock,
    origins: new Origins({ publicUrl: settings.publicUrl, trustProxy: settings.trustProxy, fallback: () => url }),
  });
  const server = new HttpServer({ ...start.bounds, handle: (request, response) => exchange.handle(request, response) });
  const { title = "Lineshaft app", version = "0.0.0", description } = options;
  const shown = { declarations, title, version, description, pool, draining: () => server.draining };
  for (const [path, page] of platformPages(shown)) pages.set(path, page);
  for (const [prefix, site] of Object.entries(options.sites ?? {})) {
    for (const [path, page] of await sitePages(prefix, fileURLToPath(site))) pages.set(path, page);
  }
  if (mail instanceof MailSandbox) pages.set(MAIL_PATH, mailPage(mail, title));

  const address = await server.listen(settings.host, settings.port, "PORT");
  started.defer(() => server.close());
  url = `http://${bracketed(settings.host)}:${address.port}`;
  const private_ = metricsServer({ metrics, pool, server });
  const metricsAddress = await private_.listen("127.0.0.1", settings.metricsPort, "METRICS_PORT");
  started.defer(() => private_.close());

  const resources = started.move();
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= resources.disposeAsync());
  return {
    url,
    metricsUrl: `http://127.0.0.1:${metricsAddress.port}/metrics`,
    declarations,
    database: store.connection,
    metrics,
    log,
    call,
    mails: mail instanceof MailSandbox ? mail : null,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** An IPv6 address as a URL wants it. */
function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function callAs(runtime: CallRuntime, declarations: Declarations, tools: { log: Logger; clock: () => Date }): CallAs {
  const names = new Map(declarations.endpoints.map((each) => [each.endpoint, each.name]));
  return async (target, wire, { actor = NOBODY, headers = {} } = {}) => {
    const endpoint = target as unknown as EndpointDefinition;
    const now = tools.clock();
    const input = compileInput(endpoint.input, { closed: true })(structuredClone(wire) as WireInput, now);
    const facts = { origin: "http://localhost", address: "127.0.0.1", headers, id: "call" };
    const signal = new AbortController().signal;
    const name = names.get(endpoint) ?? endpoint.route;
    const request = { endpoint, name, input, actor, facts, now, log: tools.log, signal: () => signal };
    const { value } = await runCall(runtime, request);
    return value as never;
  };
}
