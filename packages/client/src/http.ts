/**
 * HTTP: one call from its request to its answer: who asks, the position, time, and trying again.
 *
 * Only a GET is tried again, `ATTEMPTS_MAX` times in all, when the network failed or the server said 503 with
 * `Retry-After`: a write may have happened although its answer was lost. All tries together have one time limit.
 */
import { NewestPosition, POSITION_HEADER } from "./position.ts";
import { asProblem, type Problem, problem, problemIn } from "./problem.ts";
import type { Outgoing } from "./routes.ts";

/** How long a call may take with all its tries, in milliseconds, where nobody says. */
export const TIMEOUT_MS = 30_000;
/** The same for a call with a file. */
export const FILE_TIMEOUT_MS = 300_000;
/** How often a read is asked, at most. */
export const ATTEMPTS_MAX = 3;
/** The first pause is up to so long; each further one up to twice the one before. */
const PAUSE_MS = 200;

/** Whoever is told to wait longer is told the problem instead. */
const RETRY_AFTER_SECONDS_MAX = 10;

/** Who asks: the token of a session, or nothing. */
export type Token = string | null | undefined;

/** When a browser sends cookies along. */
export type Credentials = "omit" | "same-origin" | "include";

export interface HttpOptions {
  readonly url: string;
  readonly token: () => Token | Promise<Token>;
  readonly fetch: typeof fetch;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  /** Is told the token that each request goes out with. */
  readonly onToken: (token: Token) => void;
}

/** How one call differs from others. */
export interface CallOptions {
  /** Gives the call up; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds, with all tries. Default: the client's. */
  readonly timeoutMs?: number;
}

/** What came back. */
export interface Incoming {
  readonly text: string;
  /** Where a file was asked for. */
  readonly file: Blob | null;
  readonly position: string | null;
}

export class Http {
  readonly #options: HttpOptions;
  readonly newest = new NewestPosition();

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** @throws {Problem} for every failure; the signal's reason when it was given up; what `token` throws. */
  async send(
    request: Outgoing,
    { signal: given, timeoutMs = this.#options.timeoutMs }: CallOptions = {},
  ): Promise<Incoming> {
    const token = await this.#options.token();
    this.#options.onToken(token);
    const late = AbortSignal.timeout(timeoutMs);
    const signal = given ? AbortSignal.any([given, late]) : late;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(request, token, signal);
      } catch (error) {
        given?.throwIfAborted();
        if (late.aborted) throw problem("TIMEOUT", `No answer came in ${timeoutMs} ms.`, error);
        const failure = asProblem(error);
        if (request.method !== "GET" || attempt === ATTEMPTS_MAX || !mayPass(failure)) throw failure;
        await pause(pauseMs(attempt, failure), signal);
      }
    }
  }

  async #once({ method, path, headers, body, isFile }: Outgoing, token: Token, signal: AbortSignal): Promise<Incoming> {
    const { url, fetch, credentials } = this.#options;
    const all: Record<string, string> = { ...headers };
    if (token) all["authorization"] = `Bearer ${token}`;
    if (this.newest.current !== null) all[POSITION_HEADER] = this.newest.current;
    const response = await fetch(url + path, { method, headers: all, signal, credentials, ...(body ? { body } : {}) });
    const position = response.headers.get(POSITION_HEADER);
    this.newest.heard(position);
    const file = isFile && response.ok ? await response.blob() : null;
    const text = file ? "" : await response.text();
    if (!response.ok) throw problemIn(response, text);
    return { text, file, position };
  }
}

function mayPass({ code, status, retryAfterSeconds = Number.POSITIVE_INFINITY }: Problem): boolean {
  return code === "UNREACHABLE" || (status === 503 && retryAfterSeconds <= RETRY_AFTER_SECONDS_MAX);
}

/** Clients that failed together should not come back together. */
function pauseMs(attempt: number, { retryAfterSeconds = 0 }: Problem): number {
  return retryAfterSeconds * 1_000 + Math.random() * PAUSE_MS * 2 ** (attempt - 1);
}

/** Ends early when the signal is aborted; the next try then fails by it. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => [clearTimeout(timer), resolve()], { once: true });
  });
}
