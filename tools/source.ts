/**
 * Source: reads TypeScript as text for `tidy.ts`, without a parser.
 *
 * `mask` blanks what is not code, so that a rule about code cannot trip over a string or a comment: the result has the
 * same length and the same lines. It knows strings, templates with their expressions, comments and, by what stands
 * before the slash, regular expressions. It is exact enough for the formatted code of this repository, not a lexer.
 */

/** One import or re-export: where it stands and what it names. */
export type Import = { readonly line: number; readonly specifier: string };

const REGEX_MAY_FOLLOW =
  /(?:^|[([{,;=:!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|throw|await|yield))\s*$/;

/** Returns the code with comments, the insides of strings and regular expressions replaced by spaces. */
export function mask(code: string): string {
  const out = code.split("");
  const blank = (from: number, to: number): void => {
    for (let index = from; index < to; index++) if (out[index] !== "\n") out[index] = " ";
  };
  /** For each template expression that is open: how many braces are open inside it. */
  const templates: number[] = [];
  let index = 0;
  while (index < code.length) {
    const end = endOfNonCode(code, index, templates);
    if (end === null) {
      index += 1;
      continue;
    }
    const isComment = code.startsWith("//", index) || code.startsWith("/*", index);
    blank(isComment ? index : index + 1, isComment || code[end - 1] === "{" ? end : end - 1);
    index = end;
  }
  return out.join("");
}

/** The end of the comment, string, template part or regular expression that begins here; null if code does. */
function endOfNonCode(code: string, index: number, templates: number[]): number | null {
  const character = code[index] as string;
  if (code.startsWith("//", index)) return endAt(code, "\n", index, 0);
  if (code.startsWith("/*", index)) return endAt(code, "*/", index + 2, 2);
  if (character === '"' || character === "'") return endOfQuoted(code, index, character);
  if (character === "`") return endOfTemplatePart(code, index, templates);
  if (character === "/" && REGEX_MAY_FOLLOW.test(lineBefore(code, index))) return endOfRegex(code, index);
  const open = templates.at(-1);
  if (open === undefined) return null;
  if (character === "{") templates[templates.length - 1] = open + 1;
  if (character !== "}") return null;
  if (open > 0) {
    templates[templates.length - 1] = open - 1;
    return null;
  }
  templates.pop();
  return endOfTemplatePart(code, index, templates);
}

function endAt(code: string, terminator: string, from: number, length: number): number {
  const found = code.indexOf(terminator, from);
  return found === -1 ? code.length : found + length;
}

function lineBefore(code: string, index: number): string {
  return code.slice(code.lastIndexOf("\n", index - 1) + 1, index);
}

function endOfQuoted(code: string, start: number, quote: string): number {
  for (let index = start + 1; index < code.length; index++) {
    if (code[index] === "\\") index += 1;
    else if (code[index] === quote || code[index] === "\n") return index + 1;
  }
  return code.length;
}

/** From a backtick or a closing brace to the next backtick or to the `${` that opens an expression. */
function endOfTemplatePart(code: string, start: number, templates: number[]): number {
  for (let index = start + 1; index < code.length; index++) {
    if (code[index] === "\\") index += 1;
    else if (code[index] === "`") return index + 1;
    else if (code.startsWith("${", index)) {
      templates.push(0);
      return index + 2;
    }
  }
  return code.length;
}

function endOfRegex(code: string, start: number): number | null {
  let isInClass = false;
  for (let index = start + 1; index < code.length && code[index] !== "\n"; index++) {
    const character = code[index];
    if (character === "\\") index += 1;
    else if (character === "[") isInClass = true;
    else if (character === "]") isInClass = false;
    else if (character === "/" && !isInClass) return index + 1;
  }
  return null;
}

const IMPORT = /(?:^|[\s;}])(?:from|import)\s*\(?\s*(["'])/g;

/** All static and dynamic imports and re-exports with a literal specifier. */
export function importsOf(code: string, masked: string): readonly Import[] {
  const imports: Import[] = [];
  for (const match of masked.matchAll(IMPORT)) {
    const start = match.index + match[0].length;
    const end = masked.indexOf(match[1] as string, start);
    imports.push({ line: lineOf(code, start), specifier: code.slice(start, end) });
  }
  return imports;
}

/** The line, from 1, of a position. */
export function lineOf(code: string, position: number): number {
  let line = 1;
  for (let index = code.indexOf("\n"); index !== -1 && index < position; index = code.indexOf("\n", index + 1))
    line += 1;
  return line;
}

/** A function in formatted code: the line of its opening brace's line, from 1, and how many lines it has. */
export type FunctionSpan = { readonly line: number; readonly lineCount: number };

const KEYWORD = /^(?:if|for|while|switch|catch|with|else|do|try|return|class|interface|type|namespace)\b/;
const METHOD = /^(?:(?:async|static|override|get|set|public|private|protected|readonly|\*)\s*)*[#\w$]+(?:<.*>)?\(.*\{$/;

/** Finds functions by indentation, which a formatter guarantees: from the opening line to the brace below it. */
export function functionsOf(masked: string): readonly FunctionSpan[] {
  const lines = masked.split("\n");
  return lines.flatMap((line, index) => {
    const text = line.trimStart();
    const indentation = line.slice(0, line.length - text.length);
    if (!opensFunction(text.trimEnd(), indentation, lines.slice(0, index))) return [];
    const closing = lines.findIndex((other, at) => at > index && other.startsWith(`${indentation}}`));
    return closing === -1 ? [] : [{ line: index + 1, lineCount: closing - index + 1 }];
  });
}

function opensFunction(text: string, indentation: string, before: readonly string[]): boolean {
  if (text.endsWith("=> {")) return true;
  if (!text.endsWith("{")) return false;
  if (/^\)(?:: .*)? \{$/.test(text)) {
    const head = before.findLast((line) => line.startsWith(indentation) && /^\S/.test(line.slice(indentation.length)));
    return head !== undefined && !KEYWORD.test(head.trim().replace(/^\} */, ""));
  }
  if (/^(?:export )?(?:default )?(?:async )?function\b/.test(text)) return true;
  return METHOD.test(text) && !KEYWORD.test(text);
}
