/**
 * Writes a text that a regular expression matches, for examples in the OpenAPI document.
 *
 * It knows what patterns of fields use: characters, classes, groups, alternatives, quantifiers, anchors and the usual
 * escapes. What it does not know (lookaround, back references, properties) gives no text rather than a wrong one: the
 * result is tried against the pattern before it is returned. Deterministic: the first choice is always taken.
 */

/** How often a quantifier without an upper bound, such as `+`, is repeated at most. */
const REPEATS_MAX = 200;
/** Candidates for a character class, the most readable first. */
const CHARACTERS = [
  ..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ,:;+#@/!?$%&*=~'\"()[]{}<>|^\\`",
];

/** A part of a pattern: its choices, one of which is taken, `min` to `max` times. */
interface Part {
  readonly choices: readonly (readonly Part[])[] | string;
  min: number;
  max: number;
}

interface Reader {
  readonly source: string;
  index: number;
}

class Unknown extends Error {}

/** A text of `min` to `max` characters that the pattern matches, or `null` when none was found. */
export function textLike(source: string, min: number, max: number): string | null {
  let choices: readonly (readonly Part[])[];
  const pattern = new RegExp(source, "u");
  try {
    const reader = { source, index: 0 };
    choices = alternatives(reader);
    if (reader.index < source.length) return null;
  } catch (error) {
    if (error instanceof Unknown) return null;
    throw error;
  }
  for (let extra = 0; extra <= Math.min(Math.max(min, 8), REPEATS_MAX); extra++) {
    for (const parts of choices) {
      const text = write(parts, extra);
      const length = [...text].length;
      if (length >= Math.max(min, 1) && length <= max && pattern.test(text)) return text;
    }
  }
  return min === 0 && pattern.test("") ? "" : null;
}

/** Writes parts, those that may repeat with `extra` repetitions more than they must. */
function write(parts: readonly Part[], extra: number): string {
  return parts
    .map((part) => {
      const count = Math.min(part.min + extra, part.max);
      const { choices } = part;
      return typeof choices === "string"
        ? Array.from({ length: count }, (_, index) => choices[index % choices.length]).join("")
        : write(choices[0] ?? [], extra).repeat(count);
    })
    .join("");
}

function alternatives(reader: Reader): Part[][] {
  const found: Part[][] = [[]];
  while (reader.index < reader.source.length && reader.source[reader.index] !== ")") {
    if (reader.source[reader.index] === "|") {
      reader.index++;
      found.push([]);
      continue;
    }
    const part = atom(reader);
    if (part) found.at(-1)!.push(quantified(reader, part));
  }
  return found;
}

function atom(reader: Reader): Part | null {
  const character = reader.source[reader.index++]!;
  switch (character) {
    case "^":
    case "$":
      return null;
    case "(":
      return group(reader);
    case "[":
      return once(characterClass(reader));
    case "\\":
      return escaped(reader);
    case ".":
      return once("abcdefghijklmnopqrstuvwxyz");
    default:
      return once(character);
  }
}

const once = (choices: Part["choices"]): Part => ({ choices, min: 1, max: 1 });

function group(reader: Reader): Part {
  const { source } = reader;
  if (source[reader.index] === "?") {
    const named = /^\?(?::|<[A-Za-z_]\w*>)/.exec(source.slice(reader.index));
    if (!named) throw new Unknown();
    reader.index += named[0].length;
  }
  const choices = alternatives(reader);
  if (source[reader.index++] !== ")") throw new Unknown();
  return once(choices);
}

function escaped(reader: Reader): Part | null {
  const character = reader.source[reader.index++] ?? "";
  if (/[bB]/.test(character)) return null;
  if (/[1-9kpPux]/.test(character)) throw new Unknown();
  if (/[dwsDWS]/.test(character)) return once(matching(`\\${character}`));
  return once({ n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" }[character] ?? character);
}

/** The candidates that a class or an escape matches. */
function matching(source: string): string {
  const pattern = new RegExp(`^${source}$`, "u");
  const found = CHARACTERS.filter((character) => pattern.test(character)).join("");
  if (found === "") throw new Unknown();
  return found;
}

function characterClass(reader: Reader): string {
  const start = reader.index - 1;
  const { source } = reader;
  if (source[reader.index] === "^") reader.index++;
  while (reader.index < source.length && source[reader.index] !== "]") {
    reader.index += source[reader.index] === "\\" ? 2 : 1;
  }
  return matching(source.slice(start, ++reader.index));
}

function quantified(reader: Reader, part: Part): Part {
  const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(reader.source.slice(reader.index));
  if (!found) return part;
  reader.index += found[0].length;
  const [text, low, comma, high] = found;
  if (low !== undefined) {
    part.min = Number(low);
    part.max = comma === "" ? part.min : high === "" ? part.min + REPEATS_MAX : Number(high);
  } else {
    part.min = text.startsWith("+") ? 1 : 0;
    part.max = text.startsWith("?") ? 1 : REPEATS_MAX;
  }
  return part;
}
