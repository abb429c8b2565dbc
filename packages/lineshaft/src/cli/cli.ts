/** The command line: finds the command, reads its arguments, runs it, explains what went wrong. */
import { readFileSync } from "node:fs";
import { explain } from "../app/run.ts";
import { didYouMean } from "../define/suggest.ts";
import { checkCache } from "./check-cache.ts";
import { type Command, CommandError, EXIT, parseCall, UsageError } from "./command.ts";
import { dev } from "./dev.ts";
import { doctor } from "./doctor.ts";
import { eventCommands } from "./events.ts";
import { helpOf, overview } from "./help.ts";
import { migrateCommands } from "./migrate.ts";
import { newService } from "./new.ts";
import { openapi } from "./openapi.ts";
import { routes } from "./routes.ts";
import { start } from "./start.ts";
import { note, say } from "./terminal.ts";

export const COMMANDS: readonly Command[] = [
  dev,
  start,
  routes,
  openapi,
  ...migrateCommands,
  doctor,
  checkCache,
  ...eventCommands,
  newService,
];

/** Runs a command; resolves to the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  // A reader that has seen enough, such as `head`, is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  try {
    return await dispatch(args);
  } catch (error) {
    if (error instanceof UsageError) {
      note(`${error.message}\n"lineshaft help" shows the commands.`);
      return EXIT.usage;
    }
    note(error instanceof CommandError ? error.message : explain(error));
    return EXIT.failed;
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const [first] = args;
  if (first === undefined || first === "--help" || first === "-h") {
    say(overview(COMMANDS));
    return first === undefined ? EXIT.usage : EXIT.done;
  }
  if (first === "--version" || first === "-v") {
    say(version());
    return EXIT.done;
  }
  if (first === "help") return help(args.slice(1));
  if (first.startsWith("-")) throw new UsageError(`The command comes first; ${first} is not one.`);
  const { command, rest } = find(args);
  const call = parseCall(command, rest);
  if (!call.flags.has("help")) return await command.run(call);
  say(helpOf(command));
  return EXIT.done;
}

function help(words: readonly string[]): number {
  const group = COMMANDS.filter(({ name }) => name.split(" ")[0] === words[0]);
  if (words.length === 0) say(overview(COMMANDS));
  else if (words.length === 1 && group.length > 0) say(group.map(helpOf).join("\n\n"));
  else say(helpOf(find(words).command));
  return EXIT.done;
}

/** A command has one word or two. */
function find(args: readonly string[]): { command: Command; rest: readonly string[] } {
  for (const count of [2, 1]) {
    const command = COMMANDS.find(({ name }) => name === args.slice(0, count).join(" "));
    if (command) return { command, rest: args.slice(count) };
  }
  const [first = "", second] = args;
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name.split(" ")[1]!);
  if (group.length > 0) {
    const isWord = second !== undefined && !second.startsWith("-");
    const usual = COMMANDS.find(({ name }) => name === `${first} ls`);
    if (!isWord && usual) return { command: usual, rest: args.slice(1) };
    if (!isWord) throw new UsageError(`"lineshaft ${first}" needs one of ${group.join(", ")}.`);
    throw new UsageError(`"lineshaft ${first}" has no "${second}"${hint(second, group)}`);
  }
  const names = COMMANDS.map(({ name }) => name.split(" ")[0]!);
  throw new UsageError(`There is no command "${first}"${hint(first, [...names, "help"])}`);
}

function hint(word: string, known: readonly string[]): string {
  const suggestion = didYouMean(word, known);
  return suggestion ? `; did you mean "${suggestion}"?` : `: there are ${[...new Set(known)].join(", ")}.`;
}

function version(): string {
  const manifest = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
