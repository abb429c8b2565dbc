/**
 * Splits a file into statements, so that an error can name the one that failed.
 *
 * Postgres' own splitting happens inside one message, and an error from the middle of it often has no position. This
 * follows the lexer of Postgres: quotes, `E''` strings, dollar quotes, nested comments, and the bodies
 * `begin atomic … end` of SQL functions, in which a semicolon does not end the statement. It never changes a text.
 */
export interface Statement {
  readonly text: string;
  /** Line in the file, from 1, on which the text begins. */
  readonly line: number;
}

const SPACE = /\s+/y;
const LINE_COMMENT = /--[^\n]*/y;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const PLAIN_STRING = /'(?:[^']|'')*(?:'|$)/y;
const ESCAPE_STRING = /'(?:[^'\\]|''|\\.)*(?:'|$)/sy;
const QUOTED_NAME = /"(?:[^"]|"")*(?:"|$)/y;

/** The statements of a file, without comments in front of them; empty ones are left out. */
export function splitStatements(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let start = -1;
  let position = 0;
  let depth = 0;
  let wordBefore = "";
  const finish = (end: number): void => {
    if (start >= 0) statements.push({ text: text.slice(start, end).trimEnd(), line: lineAt(text, start) });
    [start, depth, wordBefore] = [-1, 0, ""];
  };
  while (position < text.length) {
    const gap = skipGap(text, position);
    if (gap > position) {
      position = gap;
      continue;
    }
    if (text[position] === ";" && depth === 0) {
      finish(position);
      position += 1;
      continue;
    }
    if (start < 0) start = position;
    const word = match(WORD, text, position)?.toLowerCase();
    if (word !== undefined && !(word === "e" && text[position + 1] === "'")) {
      if (word === "atomic" && wordBefore === "begin") depth = 1;
      else if (depth > 0 && word === "case") depth += 1;
      else if (depth > 0 && word === "end") depth -= 1;
      wordBefore = word;
      position += word.length;
    } else {
      position = skipToken(text, position);
    }
  }
  finish(text.length);
  return statements;
}

/** Line of a character, from 1. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function match(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

function skipGap(text: string, position: number): number {
  const found = match(SPACE, text, position) ?? match(LINE_COMMENT, text, position);
  if (found !== undefined) return position + found.length;
  return text.startsWith("/*", position) ? skipBlockComment(text, position) : position;
}

function skipBlockComment(text: string, position: number): number {
  let level = 0;
  for (let at = position; at < text.length; at += 1) {
    const pair = text.slice(at, at + 2);
    if (pair === "/*") level += 1;
    if (pair === "*/") level -= 1;
    if (pair === "/*" || pair === "*/") at += 1;
    if (level === 0) return at + 1;
  }
  return text.length;
}

function skipToken(text: string, position: number): number {
  const character = text[position];
  if (character === "'") return position + match(PLAIN_STRING, text, position)!.length;
  if (character === '"') return position + match(QUOTED_NAME, text, position)!.length;
  if (/[eE]/.test(character!) && text[position + 1] === "'")
    return position + 1 + match(ESCAPE_STRING, text, position + 1)!.length;
  const tag = character === "$" ? match(DOLLAR_TAG, text, position) : undefined;
  if (tag === undefined) return position + 1;
  const end = text.indexOf(tag, position + tag.length);
  return end < 0 ? text.length : end + tag.length;
}
