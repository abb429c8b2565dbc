/**
 * What a test process and the host of the test server say to each other: one JSON object per line, over a unix socket.
 *
 *     test → host   hello, then take, built, failed, drop
 *     host → test   welcome or refused, then one answer to each take: database or build
 *
 * The connection is the test's sign of life: when it closes, the host drops what the test had.
 */

/** How the server is reached, and the folder that the host keeps for this test process. */
export interface Welcome {
  readonly kind: "welcome";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly folder: string;
}

export type FromTest =
  /** `runner`: the process that runs test files one after the other; the server stays for as long as it lives. */
  | { readonly kind: "hello"; readonly pid: number; readonly runner: number | null }
  /** A database like the template of this key; an empty one for the key "". */
  | { readonly kind: "take"; readonly id: number; readonly key: string }
  /** The database that was given to be built is a template now, or will never be one. */
  | { readonly kind: "built" | "failed"; readonly key: string }
  | { readonly kind: "drop"; readonly database: string };

export type FromHost =
  | Welcome
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "database"; readonly id: number; readonly database: string; readonly template: string | null }
  /** There is no such template: fill this empty database, and the folder beside it with the migrations that did. */
  | { readonly kind: "build"; readonly id: number; readonly database: string; readonly template: string }
  | { readonly kind: "error"; readonly id: number; readonly message: string };

/** Calls `take` with every line of a stream of text chunks. */
export function onLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line);
  });
}

export function writeLine(stream: NodeJS.WritableStream, message: FromTest | FromHost): void {
  stream.write(`${JSON.stringify(message)}\n`);
}
