/**
 * Commands: each is one declaration that the parser, the help and the docs read.
 *
 * Exit codes: 0 done, 1 failed, 2 asked for wrongly.
 */
import { parseArgs } from "node:util";
import { didYouMean } from "../define/suggest.ts";

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export interface Option {
  readonly type: "string" | "boolean";
  /** The word for its value in the help: `file`. */
  readonly value?: string;
  readonly summary: string;
  readonly multiple?: boolean;
}

/** What a command was called with. */
export interface Call {
  readonly flags: ReadonlySet<string>;
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly words: readonly string[];
}

export interface Command {
  /** `routes`, or two words: `migrate plan`. */
  readonly name: string;
  readonly summary: string;
  /** What it does, in a few lines. */
  readonly description: string;
  /** Names of the words that must follow. */
  readonly words?: readonly string[];
  /** Name of the words that may follow behind them, as many as one likes. */
  readonly more?: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Resolves to the exit code. @throws {UsageError} for what is wrong with the call. */
  readonly run: (call: Call) => Promise<number>;
}

/** The command was asked for wrongly. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A failure that is told in a sentence. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

export const APP_OPTION: Option = { type: "string", value: "file", summary: "the file of the app" };
export const JSON_OPTION: Option = { type: "boolean", summary: "write JSON, for scripts" };
export const HELP_OPTION: Option = { type: "boolean", summary: "show this help" };

/** Reads the arguments behind the name of a command. @throws {UsageError}. */
export function parseCall(command: Command, args: readonly string[]): Call {
  const options = { ...command.options, help: HELP_OPTION };
  const config = Object.entries(options).map(([name, { type }]) => [name, { type, multiple: true as const }] as const);
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...Object.fromEntries(config), help: { type: "boolean", multiple: true, short: "h" } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const flags = new Set<string>();
  const values: Record<string, string[]> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const option = options[token.name as "help"] as Option | undefined;
    if (option === undefined) throw unknownOption(command, token.rawName, Object.keys(options));
    if (option.type === "boolean" && token.value !== undefined) throw new UsageError(`--${token.name} takes no value.`);
    if (option.type === "boolean") flags.add(token.name);
    else (values[token.name] ??= []).push(textOf(token.name, option, token.value));
    if (option.type === "string" && !option.multiple && values[token.name]!.length > 1) {
      throw new UsageError(`--${token.name} is given twice.`);
    }
  }
  if (!flags.has("help")) assertWords(command, words);
  return { flags, values, words };
}

function textOf(name: string, option: Option, value: string | undefined): string {
  if (value !== undefined && value !== "" && !value.startsWith("--")) return value;
  throw new UsageError(`--${name} needs a value: --${name} <${option.value}>.`);
}

function unknownOption(command: Command, name: string, known: readonly string[]): UsageError {
  const suggestion = didYouMean(name.replace(/^-+/, ""), known);
  const hint = suggestion ? `; did you mean --${suggestion}?` : ".";
  return new UsageError(`"lineshaft ${command.name}" has no option ${name}${hint}`);
}

function assertWords({ name, words: wanted = [], more }: Command, words: readonly string[]): void {
  const lacking = wanted[words.length];
  if (lacking !== undefined) throw new UsageError(`"lineshaft ${name}" needs a ${lacking}.`);
  const extra = words[wanted.length];
  if (extra !== undefined && more === undefined) throw new UsageError(`"lineshaft ${name}" does not take "${extra}".`);
}

/** The one value of an option, if it was given. */
export function single(call: Call, name: string): string | undefined {
  return call.values[name]?.[0];
}
