/** What the command line writes: lines, tables, and colours where a person looks. */
import { stripVTControlCharacters, styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Writes a line to standard output: what was asked for. */
export function say(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a line to standard error: what is said beside it, so that a script reads only what it asked for. */
export function note(line = ""): void {
  process.stderr.write(`${line}\n`);
}

/** Colours a text where standard output shows colours: a terminal, and neither NO_COLOR nor TERM=dumb. */
export function paint(format: Format, text: string): string {
  return hasColour() ? styleText(format, text, { validateStream: false }) : text;
}

function hasColour(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY === true && !NO_COLOR && TERM !== "dumb";
}

/** A table with columns as wide as their widest cell; the last one is not filled up. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => pad(cell, widths[column]!))
      .join("  ")
      .trimEnd();
  return [paint("bold", line(head)), ...rows.map(line)].join("\n");
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stripVTControlCharacters(text).length));
}

/** Writes a value as JSON. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}
