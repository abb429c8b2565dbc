/**
 * Problems: every failure that a caller sees, as the server tells it (RFC 9457) or as the client finds it.
 */

/** One thing that is wrong with an input. */
export interface FieldError {
  readonly in: "path" | "query" | "header" | "cookie" | "body";
  /** JSON pointer (RFC 6901) into that part: `/title`. */
  readonly pointer: string;
  /** Stable: `required`, `type`, `maxLength` … */
  readonly rule: string;
  /** For people; may change. */
  readonly detail: string;
}

/** Codes that the client itself adds to those of the server. `status` is then 0, or what the answer had. */
export const CLIENT_CODES = {
  UNREACHABLE: "The server cannot be reached",
  TIMEOUT: "No answer came in time",
  UNREADABLE: "The answer is not understood",
  UNKNOWN_ENDPOINT: "The server has no such endpoint",
  LIVE_REFUSED: "The server refused the live connection",
} as const;

/** What a problem document holds. */
export interface ProblemDocument {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly requestId?: string;
  /** Facts that belong to the code. */
  readonly [fact: string]: unknown;
}

/** What calls throw and subscriptions end with. Branch on `code`; `message` is for people and may change. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: string;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** What is wrong with the input, for `INVALID_INPUT`. */
  readonly errors: readonly FieldError[];
  /** When another try makes sense, where the server said it. */
  readonly retryAfterSeconds: number | undefined;
  /** Finds the request in the server's logs. */
  readonly requestId: string | undefined;
  /** The whole document, with the facts of its code; of another format, what came. */
  readonly document: unknown;

  constructor(document: ProblemDocument, options: ErrorOptions & { readonly retryAfterSeconds?: number } = {}) {
    super(document.detail ?? document.title, options);
    this.code = document.code;
    this.status = document.status;
    this.title = document.title;
    this.detail = document.detail;
    this.errors = document.errors ?? [];
    this.requestId = document.requestId;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.document = document;
  }
}

/** A problem that the client finds. */
export function problem(code: keyof typeof CLIENT_CODES, detail?: string, cause?: unknown, status = 0): Problem {
  const document = { code, status, title: CLIENT_CODES[code], ...(detail === undefined ? {} : { detail }) };
  return new Problem(document, cause === undefined ? {} : { cause });
}

/** Anything thrown, as a problem: what is none came from the network. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : problem("UNREACHABLE", undefined, error);
}

/** The problem in an answer that is no success. A service with its own format for failures gives `UNREADABLE`. */
export function problemIn({ status, headers }: Response, text: string): Problem {
  const retryAfterSeconds = Number(headers.get("retry-after") ?? Number.NaN);
  const options = retryAfterSeconds >= 0 ? { retryAfterSeconds } : {};
  const document = parsed(text);
  if (isProblemDocument(document)) return new Problem(document, options);
  const own = { code: "UNREADABLE", status, title: CLIENT_CODES.UNREADABLE };
  return Object.assign(new Problem(own, options), { document: document ?? text });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isProblemDocument(value: unknown): value is ProblemDocument {
  const { code, title, status } = (value ?? {}) as Record<string, unknown>;
  return typeof code === "string" && typeof title === "string" && typeof status === "number";
}
