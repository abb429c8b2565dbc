/**
 * A whole app for a test: real HTTP, real Postgres, a database of its own.
 *
 * All test processes share one server (`shared-server.ts`); the database of an app is a copy of a template with its
 * tables. With `embedded`, `settings.dataFolder`, `settings.databaseUrl` or an environment that names a database, the
 * app starts as it does outside of tests, on a server of its own: for tests that stop or break the server itself.
 * The relay is off unless a test asks for it by `settings: { relay: "auto" }`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import pg from "pg";
import type { App } from "../app/app.ts";
import type { Settings } from "../app/settings.ts";
import { type AppOptions, type RunningApp, type StartOptions, startApp } from "../app/start.ts";
import { clientConfig } from "../data/connection.ts";
import type { AccountActor } from "../define/actor.ts";
import { collect } from "../define/declarations.ts";
import type { RecordedMail } from "../engines/mail-sandbox.ts";
import { dumpSchema } from "../migrate/index.ts";
import { type Caller, Callers, type NewAccount, type Who } from "./actors.ts";
import { TestClock } from "./clock.ts";
import { type PollOptions, poll } from "./poll.ts";
import type { TestServer } from "./servers.ts";
import { sharedServer } from "./shared-server.ts";
import { copyMigrations, takeDatabase } from "./template.ts";

/** How a test's start differs from a usual one. */
export interface TestOptions extends Omit<StartOptions, "settings" | "clock"> {
  readonly settings?: Partial<Settings>;
  /** One of `TEST_SERVERS`. Default: the embedded Postgres. */
  readonly server?: TestServer;
  /** Default: a clock that runs, and that the test can move. */
  readonly clock?: TestClock | (() => Date);
}

/** A running app, and what a test wants to do with it. */
export interface TestApp extends RunningApp {
  /** Gives `now` to every `run`. */
  readonly clock: TestClock;
  /** The app as somebody sees it: `app.as(ada).call(…)`, `app.as(null).fetch(…)`. */
  as(who: Who): Caller;
  /** Makes an account, to act as. @throws {Error} when the app has no accounts. */
  account(options?: NewAccount): Promise<AccountActor>;
  /** What an account signs in with, as `Authorization: Bearer`: for sockets and clients. */
  token(who: AccountActor): Promise<string>;
  /** Asks a path of the app over HTTP, as nobody. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Waits for a mail to this address, the newest one. Mails are handed over after the commit. */
  mailTo(address: string, options?: PollOptions): Promise<RecordedMail>;
  /**
   * Waits until every event so far is handled, or set aside until later, and nothing is due by the test's clock. To
   * have a failed handler try again, move the clock first.
   */
  untilHandled(options?: PollOptions): Promise<void>;
  /** A connection of the test's own, with the owner's rights. The caller ends it. */
  connect(): Promise<pg.Client>;
  /** The schema that the migrations made, as `migrations/schema.sql` shows it. */
  schema(): Promise<string>;
}

/**
 * Starts an app on free ports and a fresh database. Disposing of it takes everything away; so does the end of the
 * process, however it ends.
 *
 * The schema comes from the declarations. To begin with committed migrations pass `folder`, the folder of the project:
 * they are copied, so a test writes nothing into it.
 *
 * @throws what `App.start` throws.
 * @example
 * await using app = await startTestApp({ services: { links } });
 * const link = await app.as(null).call(links.shorten, { code: "docs", target: "https://example.com" });
 */
export async function startTestApp(of: AppOptions | App, test: TestOptions = {}): Promise<TestApp> {
  const options = "options" in of ? of.options : of;
  const { server, settings, clock: given, ...rest } = test;
  const clock = given instanceof TestClock ? given : new TestClock(given);
  const start: StartOptions = { environment: {}, ...rest, clock: () => clock.now() };
  await using made = new AsyncDisposableStack();
  const quiet = { port: 0, metricsPort: 0, logLevel: "silent" as const, relay: relayOf(start), ...settings };
  const running = wantsOwnServer(test)
    ? await startAlone(made, options, { start, settings: quiet, server })
    : await startShared(made, options, { start, settings: quiet, server });
  made.use(running);
  return testApp(running, clock, made.move());
}

/** Most tests do without the log of the database, and start sooner; with `settings: { relay: "auto" }` they have it. */
function relayOf({ environment }: StartOptions): Settings["relay"] {
  return environment?.["LINESHAFT_RELAY"] === "auto" ? "auto" : "off";
}

function wantsOwnServer({ embedded, settings, environment }: TestOptions): boolean {
  const isNamed = settings?.dataFolder !== undefined || typeof settings?.databaseUrl === "string";
  return embedded !== undefined || isNamed || Boolean(environment?.["DATABASE_URL"] ?? environment?.["LINESHAFT_DATA"]);
}

interface Plan {
  readonly start: StartOptions;
  readonly settings: Partial<Settings>;
  readonly server: TestServer | undefined;
}

async function startAlone(made: AsyncDisposableStack, options: AppOptions, plan: Plan): Promise<RunningApp> {
  const { start, settings, server } = plan;
  const folder = await mkdtemp(join(tmpdir(), "lineshaft-test-"));
  made.defer(() => rm(folder, { recursive: true, force: true }));
  const binaries = server?.binaries === undefined ? {} : { binaries: server.binaries };
  const embedded = { durable: false, ...binaries, ...start.embedded };
  const own = { folder, ...start, embedded, settings: { dataFolder: join(folder, "data"), ...settings } };
  return await startApp(options, own);
}

async function startShared(made: AsyncDisposableStack, options: AppOptions, plan: Plan): Promise<RunningApp> {
  const { start, settings } = plan;
  const server = await sharedServer(plan.server?.binaries);
  const folder = await mkdtemp(join(server.folder, "app-"));
  made.defer(() => rm(folder, { recursive: true, force: true }));
  const migrations = join(folder, "migrations");
  const from = migrationsOf(options, start.folder);
  const { services } = collect(options.services);
  const recipe = {
    services,
    settings: { mode: settings.mode ?? modeOf(start), migrateAllow: settings.migrateAllow ?? [] },
    migrations: from,
  };
  // Somebody who listens to what a start says wants to hear of the migrations too: they run in view.
  const inView = start.report !== undefined || start.environment?.["LINESHAFT_MIGRATE_ALLOW"] !== undefined;
  if (inView) await copyMigrations(from, migrations);
  const database = inView ? await server.take("") : await takeDatabase(server, recipe, migrations);
  made.defer(() => server.drop(database));
  return await startApp(
    { ...options, migrations },
    { folder, ...start, settings: { dataFolder: join(folder, "data"), ...settings, databaseUrl: database.url } },
  );
}

function modeOf({ environment }: StartOptions): Settings["mode"] {
  return environment?.["NODE_ENV"] === "production" ? "production" : "development";
}

/** Where the app says that its migrations are; a relative path says nothing without a project. */
function migrationsOf({ migrations = "migrations" }: AppOptions, folder: string | undefined): string | null {
  if (isAbsolute(migrations)) return migrations;
  return folder === undefined ? null : resolve(folder, migrations);
}

function testApp(running: RunningApp, clock: TestClock, resources: AsyncDisposableStack): TestApp {
  const stop = () => resources.disposeAsync();
  const connect = async () => {
    const client = new pg.Client(clientConfig(running.database, "lineshaft test"));
    await client.connect();
    return client;
  };
  const callers = new Callers(running, connect, clock);
  const nobody = callers.as(null);
  return {
    ...running,
    clock,
    as: (who) => callers.as(who),
    account: (options) => callers.account(options),
    token: (who) => callers.token(who),
    fetch: (path, init) => nobody.fetch(path, init),
    mailTo: (address, options) => {
      const find = () => running.mails?.mails.find(({ to }) => to === address);
      return poll(find, { what: `a mail to ${address}`, ...options });
    },
    untilHandled: async (options) => {
      await poll(() => running.machines.isSettled(), { what: "the end of all that is to be handled", ...options });
    },
    connect,
    schema: async () => {
      const client = await connect();
      const schemas = running.declarations.services.map((service) => service.name);
      return dumpSchema(client, schemas).finally(() => client.end());
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
