/** Failures of a call, as the server tells them (RFC 9457), or as the page tells that there is no server. */

export interface WrongField {
  readonly pointer: string;
  readonly detail: string;
}

interface ProblemDocument {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly errors?: readonly WrongField[];
  readonly requestId?: string;
}

/** What a call throws. `message` is for people. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly fields: readonly WrongField[];
  /** Finds the request in the server's logs. */
  readonly requestId: string | null;

  constructor(document: ProblemDocument, options?: ErrorOptions) {
    super(document.detail ?? document.title, options);
    this.code = document.code;
    this.status = document.status;
    this.title = document.title;
    this.fields = document.errors ?? [];
    this.requestId = document.requestId ?? null;
  }

  /** What is wrong with a field of the body: `fieldError("title")`. */
  fieldError(name: string): string | null {
    const found = this.fields.find((each) => each.pointer === `/${name}` || each.pointer.startsWith(`/${name}/`));
    return found === undefined ? null : sentence(found.detail);
  }
}

const UNREACHABLE = { title: "The server cannot be reached", detail: "Check the connection and try again.", status: 0 };
const UNREADABLE = { title: "The server gave an answer that is not understood", code: "UNREADABLE" };

/** The problem in an answer that is not a success. */
export async function problemOf(answer: Response): Promise<Problem> {
  const document = (await answer.json().catch(() => null)) as ProblemDocument | null;
  return new Problem(typeof document?.code === "string" ? document : { ...UNREADABLE, status: answer.status });
}

export function unreachable(cause: unknown): Problem {
  return new Problem({ ...UNREACHABLE, code: "UNREACHABLE" }, { cause });
}

/** Anything that was thrown, as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ title: "Something went wrong on this page", status: 0, code: "PAGE" }, { cause: error });
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
