/**
 * Structured logs: JSON lines, readable ones on a terminal in development.
 *
 * Secrets never reach them. Values of keys that look like one are replaced, wherever they stand; so are credentials in
 * URLs and bearer tokens inside texts. Of a driver's error only facts are written that quote no value: statements,
 * parameters and rows stay out.
 */
import { type Logger, pino, symbols } from "pino";
import { standardOutput } from "./output.ts";
import { pretty } from "./pretty.ts";

export type { Logger };

/** Levels that `LOG_LEVEL` takes. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Levels of nesting that are written; deeper values are cut. */
export const LOG_DEPTH_MAX = 8;

const CENSOR = "[hidden]";
const SECRET_KEY = /pass(?:word|wd|phrase)|secret|token|authorization|cookie|api[-_]?key|credential|private[-_]?key/i;
const SECRET_TEXT = /(:\/\/[^/\s:@]*:)[^/\s@]+(?=@)|(\bBearer\s+)[\w.~+/=-]+/gi;
const SUSPECT_TEXT = /:\/\/|bearer/i;
/** Values that Postgres quotes in a message stand after a colon. */
const QUOTED_VALUE = /: ".*$/s;

/** Keys that were looked at before; the number of different ones is small in any program. */
const KEYS_MAX = 1_000;
const known = new Map<string, boolean>();

function isSecretKey(key: string): boolean {
  let secret = known.get(key);
  if (secret === undefined) {
    secret = SECRET_KEY.test(key);
    if (known.size < KEYS_MAX) known.set(key, secret);
  }
  return secret;
}

/** A logger that writes to standard output, or to `destination` in tests. */
export function createLog(options: {
  readonly level: LogLevel;
  readonly readable: boolean;
  readonly destination?: { write(line: string): void };
}): Logger {
  const settings = {
    level: options.level,
    base: null,
    // Errors are plain facts by then.
    serializers: { err: (error: unknown) => error },
    hooks: { logMethod: logSafely },
  };
  if (options.destination) return withSafeChildren(pino(settings, options.destination));
  return withSafeChildren(pino(settings, options.readable ? pretty() : standardOutput()));
}

/** Children are made from their parent, so they inherit this. */
function withSafeChildren(log: Logger): Logger {
  const { child } = log;
  log.child = function (this: Logger, bindings: object, ...rest: never[]) {
    return child.call(this, safeFacts(bindings), ...rest);
  } as typeof child;
  return log;
}

/** Facts without secrets: the same object when there are none, which is nearly always. */
function safeFacts(facts: object): object {
  return safeValue(facts, 0) as object;
}

/** What is logged of each request. Nothing in it can be a secret, so it is written without being searched. */
export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  /** Of letters, digits and signs that JSON writes as they are; so is `traceId`. */
  readonly requestId: string;
  /** Only shown where it is another id than the request's. */
  readonly traceId: string | null;
  /** Whether the caller went away before the answer. */
  readonly isGone: boolean;
}

const INFO = 30;

interface Internals {
  readonly [symbols.streamSym]: { write(line: string): void };
}

/** Logs a request at the level `info`, as the logger would: written by hand, because there is one for each answer. */
export function logRequest(log: Logger, line: RequestLine): void {
  const { method, path, status, ms, requestId, traceId, isGone } = line;
  const what = `"method":"${method}","path":${JSON.stringify(path)},"status":${status},"ms":${ms}`;
  const trace = traceId !== null && traceId !== requestId ? `,"traceId":"${traceId}"` : "";
  const gone = isGone ? ',"gone":true' : "";
  const { [symbols.streamSym]: stream } = log as unknown as Internals;
  stream.write(
    `{"level":${INFO},"time":${Date.now()},${what},"requestId":"${requestId}"${trace}${gone},"msg":"request"}\n`,
  );
}

function logSafely(this: Logger, parts: Parameters<Logger["info"]>, method: (...parts: never[]) => void): void {
  const values: unknown[] = parts;
  const first = values[0];
  values[0] = first instanceof Error ? { err: safeError(first, 0) } : safeValue(first, 0);
  for (let index = 1; index < values.length; index++) values[index] = safeValue(values[index], 0);
  method.apply(this, values as never[]);
}

/** A text without the secrets that URLs and bearer tokens carry. */
export function safeText(text: string): string {
  return SUSPECT_TEXT.test(text) ? text.replace(SECRET_TEXT, `$1$2${CENSOR}`) : text;
}

function safeValue(value: unknown, level: number): unknown {
  if (typeof value === "string") return safeText(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return safeError(value, level);
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return safeJson(value as { toJSON: () => unknown });
  if (level >= LOG_DEPTH_MAX) return "[deeper]";
  if (Array.isArray(value)) return value.map((each) => safeValue(each, level + 1));
  let copy: Record<string, unknown> | null = null;
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const seen = (value as Record<string, unknown>)[key];
    const safe = isSecretKey(key) && seen !== undefined && seen !== null ? CENSOR : safeValue(seen, level + 1);
    if (safe === seen) continue;
    copy ??= { ...value };
    copy[key] = safe;
  }
  return copy ?? value;
}

/** A date, a URL: things that know their text. */
function safeJson(value: { toJSON: () => unknown }): unknown {
  try {
    const json = value.toJSON();
    return typeof json === "string" ? safeText(json) : "[object]";
  } catch {
    return "[object]";
  }
}

/** An error with its causes; driver errors without the parameters and rows that they quote. */
function safeError(error: Error, level: number): unknown {
  const { code, constraint, table, schema, column, routine, severity } = error as Error & Record<string, unknown>;
  const facts = Object.entries({ code, constraint, table, schema, column, routine });
  const fromDatabase = typeof severity === "string";
  const message = safeText(fromDatabase ? error.message.replace(QUOTED_VALUE, `: ${CENSOR}`) : error.message);
  const stack = error.stack === undefined ? undefined : safeText(error.stack.replace(error.message, () => message));
  const cause = error.cause === undefined || level >= LOG_DEPTH_MAX ? {} : { cause: safeValue(error.cause, level + 1) };
  return {
    type: error.name,
    message,
    stack,
    ...Object.fromEntries(facts.filter(([, value]) => typeof value === "string")),
    ...cause,
  };
}
