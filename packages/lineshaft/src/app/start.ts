/**
 * App: puts services, engines and settings together; starts and stops as one.
 *
 * Start, in this order: settings → declarations → store → migrations → pool → demo data → machines → sockets. The relay
 * begins with the machines, or with the first question whose answer can be kept. Every step that was taken is undone in
 * reverse when a later one fails, and at the end. Nothing happens before `start`: declaring an app is free of side
 * effects.
 */
import { resolve } from "node:path";
import { Cache } from "../cache/index.ts";
import type { CallRuntime } from "../call/run.ts";
import type { Broadcasted } from "../call/spoken.ts";
import { Channels } from "../channel/channels.ts";
import { type Connection, Pool } from "../data/pool.ts";
import { checkDeclarations } from "../define/check.ts";
import { collect, type Declarations, type Modules } from "../define/declarations.ts";
import { MailSandbox } from "../engines/mail-sandbox.ts";
import { Relay, type RelayOptions } from "../log/relay.ts";
import { desiredSchema } from "../migrate/desired.ts";
import { platformPublications, publicationsOf } from "../migrate/index.ts";
import { createLog, type Logger } from "../observe/log.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import type { LiveBounds } from "../serve/live/live-gate.ts";
import type { ServerBounds } from "../serve/server.ts";
import { type CallAs, callAs } from "./call-as.ts";
import { openFiles } from "./files.ts";
import { listen, type Node, OwnOrigin } from "./listen.ts";
import { Machines } from "./machines.ts";
import { openMail } from "./mail.ts";
import { secretOf } from "./secret.ts";
import { seedOnce } from "./seed.ts";
import { readSettings, type Settings } from "./settings.ts";
import { type EmbeddedServer, migrateStore, openStore, type Report } from "./store.ts";

/** How long a stop keeps its process alive: more than all bounds of its parts together. */
const STOP_MS_MAX = 60_000;

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
  /** Folders of built web pages by the path they stand under: `{ "/tasks/": new URL("./web/", import.meta.url) }`. */
  readonly sites?: Readonly<Record<string, URL>>;
  /** Demo data, put in once per database, in development only. */
  readonly seed?: (tools: { readonly call: CallAs }) => Promise<void>;
}

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
  readonly bounds?: ServerBounds & LiveBounds;
}

/** An app that serves. Disposing of it is the same as `stop`. */
export interface RunningApp extends AsyncDisposable {
  /** `http://127.0.0.1:4000` */
  readonly url: string;
  readonly metricsUrl: string;
  readonly declarations: Declarations;
  /** How to reach its database. */
  readonly database: Connection;
  readonly metrics: Metrics;
  /** Reads the log of the database; `null` when it is off, or when there are no tables. */
  readonly relay: Relay | null;
  /** Answers of queries; `null` without a relay. */
  readonly cache: Cache | null;
  /** What runs without a caller. */
  readonly machines: Machines;
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
  const log = start.log ?? createLog({ level: settings.logLevel, readable: settings.mode === "development" });
  const report = start.report ?? (() => {});
  await using started = new AsyncDisposableStack();

  const metrics = createMetrics();
  const store = started.use(await openStore(settings, report, log, start.embedded));
  report(`Database: ${store.label}`);
  const migrations = resolve(folder, options.migrations ?? "migrations");
  await migrateStore(store, declarations.services, { folder: migrations, settings, report });

  const pool = started.use(new Pool({ connection: store.connection, metrics, onState: tellState(log) }));
  const relay = openRelay(settings, declarations, { connection: store.connection, metrics, log });
  const clock = start.clock ?? (() => new Date());
  const random = start.random ?? Math.random;
  const { connection } = store;
  const files = await openFiles(settings, declarations);
  const channels = new Channels({ connection, metrics, log, random });
  const broadcast = ({ topic, rest }: Broadcasted) => channels.broadcast(topic, rest);
  const machines = new Machines({ connection, declarations, metrics, relay, files, broadcast, log, clock, random });
  const onStated = () => machines.stated();
  const runtime: CallRuntime = { pool, metrics, relay, files, random, onStated, broadcast };
  const mail = started.use(openMail(settings, log, metrics));
  const origin = new OwnOrigin(settings);
  const surroundings = { mode: settings.mode, secret: await secretOf(settings), origin: () => origin.url, mail, log };
  for (const service of declarations.services) service.options.prepare?.(surroundings);
  const call = callAs(runtime, declarations, { log, clock });
  if (options.seed && settings.mode === "development") await seedOnce(pool, () => options.seed!({ call }), report);

  if (relay) started.use(relay);
  started.use(machines);
  await machines.start(pool);
  const cache = relay && started.use(new Cache({ relay, pool, metrics, log }));
  started.use(channels);
  if (declarations.channels.length > 0) await channels.start();
  const shared = { options, settings, declarations, runtime, relay, cache, machines, channels };
  const node: Node = { ...shared, clock, log, mail, origin };
  const urls = await listen(node, started, start.bounds ?? {});
  const resources = started.move();
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= endOf(resources));
  return {
    ...urls,
    declarations,
    database: store.connection,
    metrics,
    relay,
    cache,
    machines,
    log,
    call,
    mails: mail instanceof MailSandbox ? mail : null,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Ends in order. The replication connection and some timers keep no process alive. Where nothing else does, as with a
 * pool that has lost its sessions, a process that waits at its top level, as `lineshaft start` does, would end in the
 * middle of its stop with code 13. All parts end by themselves, in bounded time; this is the belt. It has a bound, too,
 * so that a part which never ends shows instead of hanging.
 */
async function endOf(resources: AsyncDisposableStack): Promise<void> {
  const awake = setTimeout(() => {}, STOP_MS_MAX);
  try {
    await resources.disposeAsync();
  } finally {
    clearTimeout(awake);
  }
}

function openRelay(
  settings: Settings,
  declarations: Declarations,
  rest: Omit<RelayOptions, "publications">,
): Relay | null {
  const publications = publicationsOf(desiredSchema(declarations.services));
  const platform = platformPublications(declarations);
  const isNeeded = settings.relay !== "off" && publications.length + platform.length > 0;
  return isNeeded ? new Relay({ ...rest, publications, platform }) : null;
}

function tellState(log: Logger) {
  return (state: "up" | "down", error?: unknown) => {
    if (state === "up") log.info("the database answers again");
    else log.error({ err: error }, "the database is away");
  };
}
