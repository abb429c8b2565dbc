/**
 * Structured logs: JSON lines, readable ones on a terminal in development.
 *
 * Secrets never reach them: keys that look like one are replaced wherever they stand near the top of the facts, headers
 * that carry credentials are cut, and statements are logged without their parameters.
 */
import { type Logger, pino } from "pino";
import { pretty } from "./pretty.ts";

export type { Logger };

/** Levels that `LOG_LEVEL` takes. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRETS = ["password", "newPassword", "currentPassword", "token", "secret", "authorization", "cookie", "apiKey"];
const HIDDEN = [...SECRETS, "set-cookie"].flatMap((key) => {
  const quoted = `["${key}"]`;
  return [quoted, `*${quoted}`, `*.*${quoted}`, `*.*.*${quoted}`];
});

/** A logger that writes to standard output, or to `destination` in tests. */
export function createLog(options: {
  readonly level: LogLevel;
  readonly readable: boolean;
  readonly destination?: { write(line: string): void };
}): Logger {
  const settings = {
    level: options.level,
    base: null,
    redact: { paths: HIDDEN, censor: "[hidden]" },
    serializers: { err: safeError },
  };
  if (options.destination) return pino(settings, options.destination);
  return options.readable ? pino(settings, pretty()) : pino(settings);
}

/** An error with its causes; driver errors without the parameters and rows that they quote. */
function safeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, constraint, table, schema, column, routine } = error as Error & Record<string, unknown>;
  const facts = { code, constraint, table, schema, column, routine };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...Object.fromEntries(Object.entries(facts).filter(([, value]) => typeof value === "string")),
    ...(error.cause === undefined ? {} : { cause: safeError(error.cause) }),
  };
}
