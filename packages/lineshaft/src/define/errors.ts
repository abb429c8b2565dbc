/**
 * The codes a caller can see, and the two errors that carry them.
 *
 * Every failure that leaves the process is a problem document (RFC 9457) built from one row of `ERRORS`, or from a code
 * that an endpoint declares in its `errors`. A `Fault` is such a failure on its way out; anything else that is thrown
 * is a programming error: it is logged whole and shown as `INTERNAL`, with nothing of it in the answer.
 *
 * To add a code: a row here and a line in `docs/errors.md`; a test proves that both lists are equal.
 */

/** One row of the table: the HTTP status, the title of the problem, and whether trying again can help. */
export interface ErrorRow {
  readonly status: number;
  readonly title: string;
  /** `never`: change the request. `now`: the same request may pass at once. `later`: wait for `Retry-After`. */
  readonly retry: "never" | "now" | "later";
}

/** Codes of the platform. Public: never renamed, never reused. */
export const ERRORS = {
  INVALID_REQUEST: { status: 400, title: "The request is not valid HTTP", retry: "never" },
  INVALID_JSON: { status: 400, title: "The body is not valid JSON", retry: "never" },
  INVALID_ENCODING: { status: 400, title: "The request holds text that is not valid UTF-8", retry: "never" },
  UNAUTHENTICATED: { status: 401, title: "Sign in first", retry: "never" },
  FORBIDDEN: { status: 403, title: "Not allowed", retry: "never" },
  ORIGIN_REFUSED: { status: 403, title: "This origin may not send cookies here", retry: "never" },
  NOT_FOUND: { status: 404, title: "Not found", retry: "never" },
  ROUTE_NOT_FOUND: { status: 404, title: "No such route", retry: "never" },
  METHOD_NOT_ALLOWED: { status: 405, title: "The route does not take this method", retry: "never" },
  NOT_ACCEPTABLE: { status: 406, title: "The answer cannot be given in an accepted type", retry: "never" },
  REQUEST_TIMEOUT: { status: 408, title: "The request took too long to arrive", retry: "now" },
  CONFLICT: { status: 409, title: "Others changed the same data at the same time", retry: "now" },
  ALREADY_EXISTS: { status: 409, title: "It exists already", retry: "never" },
  STILL_REFERENCED: {
    status: 409,
    title: "Other data still refers to it, or what it refers to is gone",
    retry: "never",
  },
  BODY_TOO_LARGE: { status: 413, title: "The body is too large", retry: "never" },
  URL_TOO_LONG: { status: 414, title: "The URL is too long", retry: "never" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "The body has a type or encoding that is not taken", retry: "never" },
  RANGE_NOT_SATISFIABLE: { status: 416, title: "The file has no such part", retry: "never" },
  EXPECTATION_FAILED: { status: 417, title: "The expectation in the request is not known", retry: "never" },
  INVALID_INPUT: { status: 422, title: "The input is not valid", retry: "never" },
  FILE_TYPE_MISMATCH: { status: 422, title: "The file is not what its Content-Type says", retry: "never" },
  UPGRADE_REQUIRED: { status: 426, title: "This version of the protocol is not spoken here", retry: "never" },
  RATE_LIMITED: { status: 429, title: "Too many requests", retry: "later" },
  SUBSCRIPTIONS_EXCEEDED: { status: 429, title: "Too many subscriptions at a time", retry: "never" },
  CHANNEL_FULL: { status: 429, title: "The channel has as many members as it may have", retry: "later" },
  HEADERS_TOO_LARGE: { status: 431, title: "The headers are too large", retry: "never" },
  INTERNAL: { status: 500, title: "Something went wrong on our side", retry: "never" },
  DATABASE_UNAVAILABLE: { status: 503, title: "The database cannot be reached", retry: "later" },
  DATABASE_BUSY: { status: 503, title: "All database connections are in use", retry: "later" },
  STATEMENT_TIMEOUT: { status: 503, title: "A statement ran longer than it may", retry: "later" },
  LOCK_TIMEOUT: { status: 503, title: "A lock was not free in time", retry: "later" },
  SHUTTING_DOWN: { status: 503, title: "This node is stopping", retry: "later" },
} as const satisfies Record<string, ErrorRow>;

/** A code of the platform. */
export type ErrorCode = keyof typeof ERRORS;

/** The codes that any `run` may fail with, next to those that its endpoint declares. */
export type StandardCode =
  | "INVALID_INPUT"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "ALREADY_EXISTS"
  | "RATE_LIMITED";

/** One thing that is wrong with the input: where it is, and what is wrong. */
export interface FieldError {
  /** Which part of the request: the path, the query string, a header, a cookie or the body. */
  readonly in: "path" | "query" | "header" | "cookie" | "body";
  /** JSON pointer (RFC 6901) into that part: `/title`, `/article/tagList/0`. Empty for the part as a whole. */
  readonly pointer: string;
  /** The rule that failed, stable: `required`, `type`, `maxLength`, `format`, `unknown` … */
  readonly rule: string;
  /** For people; may change. */
  readonly detail: string;
}

/** What a fault may tell its caller next to its code. */
export interface FaultOptions {
  /** One sentence for people, about this occurrence. Never SQL, parameters or secrets. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Facts safe to show, merged into the problem document. */
  readonly facts?: Readonly<Record<string, string | number>>;
  /** Seconds until another try makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Headers that belong to the answer, such as `Allow` or `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An expected failure on its way to the caller. Branch on `code`; `message` is for people and may change. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly facts: Readonly<Record<string, string | number>> | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(code: string, row: Pick<ErrorRow, "status" | "title">, options: FaultOptions = {}) {
    super(options.detail ?? row.title, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = row.status;
    this.title = row.title;
    this.detail = options.detail;
    this.errors = options.errors;
    this.facts = options.facts;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers;
  }
}

/** Makes a fault of one of the platform's own codes. */
export function fault(code: ErrorCode, options: FaultOptions = {}): Fault {
  return new Fault(code, ERRORS[code], options);
}

/** One mistake in a declaration: where it stands, what is wrong, and the way out. */
export interface Mistake {
  readonly place: string;
  readonly problem: string;
  readonly wayOut: string;
}

/** All mistakes found in the declarations of an app, reported together before anything starts. */
export class DeclarationError extends Error {
  override readonly name = "DeclarationError";
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const lines = mistakes.map((each) => `  ${each.place}\n    ${each.problem}\n    → ${each.wayOut}`);
    const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
    super(`${count} in the declarations:\n${lines.join("\n")}`);
    this.mistakes = mistakes;
  }
}
