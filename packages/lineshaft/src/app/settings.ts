/**
 * Settings: what the environment says, checked as a whole before anything starts.
 */
import { resolve } from "node:path";
import { didYouMean } from "../define/suggest.ts";
import { LOG_LEVELS, type LogLevel } from "../observe/log.ts";

export interface Settings {
  readonly mode: "development" | "production";
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
  /** Absolute. */
  readonly dataFolder: string;
  /** Where files of uploads lie, absolute; all nodes share it. `null`: in the data folder. */
  readonly filesFolder: string | null;
  /** `null`: the embedded server. */
  readonly databaseUrl: string | null;
  readonly logLevel: LogLevel;
  readonly publicUrl: string | null;
  readonly trustProxy: boolean;
  readonly smtpUrl: string | null;
  readonly mailFrom: string;
  /** Key of signatures; `null`: made once and kept in the data folder. */
  readonly secret: string | null;
  /** Names of destructive migration steps that may run at this start. */
  readonly migrateAllow: readonly string[];
  /** Whether this node reads the log of the database; `auto`: as soon as the database lets it. */
  readonly relay: "auto" | "off";
}

/** Everything that is wrong with the environment, at once. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  constructor(problems: readonly string[]) {
    super(`The settings are not valid:\n${problems.map((each) => `  ${each}`).join("\n")}`);
  }
}

/** Characters of `LINESHAFT_SECRET` at least. */
const SECRET_CHARS_MIN = 32;

type Environment = Readonly<Record<string, string | undefined>>;

/** Names that are ours, so that a typing mistake in one can be told. */
const OWN = [
  "LINESHAFT_DATA",
  "LINESHAFT_FILES",
  "LINESHAFT_SECRET",
  "LINESHAFT_MIGRATE_ALLOW",
  "LINESHAFT_RELAY",
  "LINESHAFT_PARENT_FD",
];

/** @throws {SettingsError} naming every setting that is wrong, the value seen and what is taken. */
export function readSettings(environment: Environment, projectFolder: string): Settings {
  const problems: string[] = [];
  const read = new Reader(environment, problems);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("LINESHAFT_") || OWN.includes(name)) continue;
    const suggestion = didYouMean(name, OWN);
    problems.push(`${name} is not a setting${suggestion ? `; did you mean ${suggestion}?` : "."}`);
  }
  const settings: Settings = {
    mode:
      read.oneOf("NODE_ENV", ["development", "production", "test"], "development") === "production"
        ? "production"
        : "development",
    host: environment.HOST || "127.0.0.1",
    port: read.port("PORT", 4000),
    metricsPort: read.port("METRICS_PORT", 4001),
    dataFolder: resolve(projectFolder, environment.LINESHAFT_DATA || ".lineshaft"),
    filesFolder: environment.LINESHAFT_FILES ? resolve(projectFolder, environment.LINESHAFT_FILES) : null,
    databaseUrl: read.url("DATABASE_URL", ["postgres:", "postgresql:"]),
    logLevel: read.oneOf("LOG_LEVEL", LOG_LEVELS, "info"),
    publicUrl: read.url("PUBLIC_URL", ["http:", "https:"])?.replace(/\/+$/, "") ?? null,
    trustProxy: read.oneOf("TRUST_PROXY", ["true", "false"], "false") === "true",
    smtpUrl: read.url("SMTP_URL", ["smtp:", "smtps:"]),
    mailFrom: environment.MAIL_FROM || "Lineshaft <no-reply@localhost>",
    secret: read.secret(),
    migrateAllow: (environment.LINESHAFT_MIGRATE_ALLOW ?? "")
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean),
    relay: read.oneOf("LINESHAFT_RELAY", ["auto", "off"], "auto"),
  };
  if (settings.port !== 0 && settings.port === settings.metricsPort) {
    problems.push(`PORT and METRICS_PORT are both ${settings.port}; give them different ports.`);
  }
  if (settings.mode === "production" && !environment.LINESHAFT_SECRET) {
    problems.push("LINESHAFT_SECRET is not set. In production every node needs the same one: openssl rand -base64 32");
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

class Reader {
  readonly #environment: Environment;
  readonly #problems: string[];

  constructor(environment: Environment, problems: string[]) {
    this.#environment = environment;
    this.#problems = problems;
  }

  port(name: string, fallback: number): number {
    const text = this.#environment[name];
    if (text === undefined || text === "") return fallback;
    const port = Number(text);
    if (/^\d+$/.test(text) && port <= 65_535) return port;
    this.#problems.push(
      `${name} is "${text}"; it takes a port from 0 (any free one) to 65535, for example ${fallback}.`,
    );
    return fallback;
  }

  oneOf<const T extends string>(name: string, values: readonly T[], fallback: NoInfer<T>): T {
    const text = this.#environment[name];
    if (text === undefined || text === "") return fallback;
    if ((values as readonly string[]).includes(text)) return text as T;
    const suggestion = didYouMean(text, values);
    const hint = suggestion ? `; did you mean "${suggestion}"?` : ".";
    this.#problems.push(`${name} is "${text}"; it takes ${values.join(", ")}${hint}`);
    return fallback;
  }

  /** The value can hold a password, so it is never repeated. */
  url(name: string, protocols: readonly string[]): string | null {
    const text = this.#environment[name];
    if (text === undefined || text === "") return null;
    const url = URL.parse(text);
    // A socket folder as host (postgres://%2Frun%2Fpostgresql/app) is not a URL by the standard, but one by custom.
    const socket = /^postgres(?:ql)?:\/\/[^/]*%2F/i.test(text);
    if ((url && protocols.includes(url.protocol)) || (socket && protocols.includes("postgres:"))) return text;
    this.#problems.push(`${name} is not a URL that starts with ${protocols.map((each) => `${each}//`).join(" or ")}.`);
    return null;
  }

  secret(): string | null {
    const text = this.#environment.LINESHAFT_SECRET;
    if (text === undefined || text === "") return null;
    if (text.length >= SECRET_CHARS_MIN) return text;
    this.#problems.push(
      `LINESHAFT_SECRET has ${text.length} characters; it needs at least ${SECRET_CHARS_MIN}: openssl rand -base64 32`,
    );
    return null;
  }
}
