/**
 * Where a declaration stands: the file and line of the caller, for messages about mistakes.
 *
 * Read off a stack trace once per declaration, at load; nothing depends on it but texts for people.
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = new URL(".", import.meta.url).href;

/** `apps/blog/model.ts:12`, or `unknown place` when the stack does not tell. */
export function declarationPlace(): string {
  const lines = new Error().stack?.split("\n") ?? [];
  for (const line of lines) {
    const found = /(file:\/\/[^\s)]+):(\d+):\d+\)?$/.exec(line);
    const [, url, lineNumber] = found ?? [];
    if (url && !url.startsWith(here)) return `${relative(process.cwd(), fileURLToPath(url))}:${lineNumber}`;
  }
  return "unknown place";
}
