/**
 * Reference: makes `docs/reference.md` from the public face and its docstrings.
 *
 *     npm run reference
 *
 * Model. Every name that an entry point exports is looked up in the file that it comes from. Its declaration is read
 * as text, without a parser: the code is formatted, so a declaration begins in the first column and ends where its
 * brackets are closed. A function is shown by its head, a class and a set of makers by the heads of their members, a
 * type whole. An endpoint is shown by its route, and its summary is its docstring.
 * `reference.test.ts` makes the page again and compares, and fails for an export without a docstring.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { mask } from "./source.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "packages/lineshaft/src");
/** Where the page lies, from the root. */
export const PAGE = "docs/reference.md";

/** The entry points, and what each is for. */
const ENTRIES = [
  { name: "lineshaft", file: "index.ts", about: "What an app imports." },
  { name: "lineshaft/accounts", file: "accounts/index.ts", about: "Who calls. Its paths begin with `/accounts`." },
  { name: "lineshaft/testkit", file: "testkit/index.ts", about: "The whole app in a test, on a real Postgres." },
] as const;

const KINDS = ["function", "const", "endpoint", "class", "interface", "type"] as const;

/** One export of an entry point. */
export interface Export {
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  /** TypeScript for people: a head, or a whole type. */
  readonly signature: string;
  /** The text of the docstring, without its stars; empty when there is none. */
  readonly doc: string;
  /** The file, from the root. */
  readonly file: string;
}

/** What an entry point hands on from another package. */
export interface Borrowed {
  readonly names: readonly string[];
  readonly from: string;
}

export interface Entry {
  readonly name: string;
  readonly about: string;
  readonly exports: readonly Export[];
  readonly borrowed: readonly Borrowed[];
}

const EXPORT_LIST = /^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm;

function namesIn(list: string): string[] {
  const names = list.split(",").map((each) => each.trim().replace(/^type /, ""));
  return names.filter(Boolean);
}

/** All exports of all entry points, as the sources say. @throws {Error} for one whose declaration is not found. */
export function readEntries(): readonly Entry[] {
  return ENTRIES.map(({ name, file, about }) => {
    const path = join(SOURCE, file);
    const lists = [...readFileSync(path, "utf8").matchAll(EXPORT_LIST)].map(([, list = "", from = ""]) => {
      return { names: namesIn(list), from };
    });
    const own = lists.filter(({ from }) => from.startsWith("."));
    const exports = own.flatMap(({ names, from }) => names.map((each) => find(each, join(dirname(path), from))));
    const borrowed = Map.groupBy(
      lists.filter(({ from }) => !from.startsWith(".")),
      ({ from }) => from,
    );
    return {
      name,
      about,
      exports: exports.sort((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind) || byName(one, other)),
      borrowed: [...borrowed].map(([from, all]) => ({ from, names: all.flatMap(({ names }) => names).sort() })),
    };
  });
}

/** `app` before `App` before `apply`, on every machine. */
function byName({ name: one }: Export, { name: other }: Export): number {
  const [low, high] = [one.toLowerCase(), other.toLowerCase()];
  if (low === high) return one > other ? -1 : 1;
  return low < high ? -1 : 1;
}

function find(name: string, path: string): Export {
  const code = readFileSync(path, "utf8");
  // Template expressions become part of their text: masked, they would leave their closing brace behind.
  const masked = mask(code.replace(/\$\{([^{}`]*)\}/g, "$($1)"));
  const found = new RegExp(`^export (?:async )?(function|class|interface|type|const) ${name}\\b`, "m").exec(masked);
  const file = relative(ROOT, path).replaceAll("\\", "/");
  if (!found) throw new Error(`${file}: no declaration of ${name} begins a line; export it where it is declared`);
  const end = /type|const/.test(found[1]!) ? endOf(masked, found.index, ";") : endOfBlock(masked, found.index);
  const declaration: Declaration = {
    code: code.slice(found.index, end),
    masked: masked.slice(found.index, end),
    keyword: found[1] as Declaration["keyword"],
  };
  const endpoint = endpointOf(declaration);
  const kind = endpoint === null ? declaration.keyword : "endpoint";
  const doc = docBefore(code.slice(0, found.index));
  const said = [endpoint?.doc, doc].filter(Boolean).join("\n\n");
  return { name, kind, signature: endpoint?.signature ?? signatureOf(declaration), doc: said, file };
}

interface Declaration {
  readonly code: string;
  /** The same, as long, without the insides of strings and comments. */
  readonly masked: string;
  readonly keyword: "function" | "class" | "interface" | "type" | "const";
}

/** The end of the class, interface or function that begins here: a line that begins with its last brace. */
function endOfBlock(masked: string, start: number): number {
  const rest = masked.slice(start);
  const found = /^(?:export .*\}|\}.*)$/m.exec(rest);
  return found ? start + found.index + found[0].length : masked.length;
}

/** The end of the declaration or member that begins here: the end of a line at which no bracket is open. */
function endOf(masked: string, start: number, last: string): number {
  let depth = 0;
  for (let index = start; index < masked.length; index++) {
    const character = masked[index]!;
    if ("([{".includes(character)) depth += 1;
    if (")]}".includes(character)) depth -= 1;
    if (depth === 0 && masked[index + 1] === "\n" && last.includes(character)) return index + 1;
  }
  return masked.length;
}

/** The docstring that ends right before a declaration. */
function docBefore(before: string): string {
  const doc = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(before)?.[1];
  if (doc === undefined) return "";
  const lines = doc.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trimEnd());
  return lines.join("\n").trim();
}

/** The route of an endpoint, and what it says of itself. */
function endpointOf({ code, keyword }: Declaration): { readonly signature: string; readonly doc: string } | null {
  const route = /^export const \w+ = \w+\.(command|query)\("([^"]+)"/.exec(code);
  if (keyword !== "const" || route === null) return null;
  const said = ["summary", "description"].map((key) => {
    const texts = new RegExp(`^ {2}${key}:((?:\\s*(?:"[^"\\n]*"|\`[^\`]*\`) ?\\+?)+),$`, "m").exec(code)?.[1] ?? "";
    const text = [...texts.matchAll(/"([^"]*)"|`([^`]*)`/g)].map(([, plain, template]) => plain ?? template).join("");
    return text.replace(/\$\{(\w+)\}/g, "`$1`").replace(/([^.])$/, "$1.");
  });
  return { signature: `${route[1]} ${route[2]}`, doc: said.filter(Boolean).join("\n\n") };
}

function signatureOf(declaration: Declaration): string {
  const code = declaration.code.replace(/^export /, "");
  if (declaration.keyword === "interface" || declaration.keyword === "type") return code;
  if (declaration.keyword === "function") return headOf(declaration).replace(/^export (?:async )?/, "");
  if (/^class \w+ extends entity\(/.test(code)) return code;
  const [first = ""] = code.split("\n");
  if (first === code) return code;
  const members = membersOf(declaration);
  const end = /^[\])}]+/.exec(code.slice(code.lastIndexOf("\n") + 1))?.[0] ?? "";
  if (declaration.keyword === "const" && !members.some((each) => each.includes("("))) return `${first} … ${end}`;
  const body = members.map((each) => (each.startsWith("  /**") ? `\n${each}` : each)).join("\n");
  return [first, body.replace(/^\n/, ""), end].join("\n");
}

/** What stands before the body of a function: formatted code opens it at the end of a line that begins the head. */
function headOf({ code, masked }: Declaration): string {
  const lines = masked.split("\n");
  const last = lines.findIndex((line) => /^\S.* \{$/.test(line));
  const count = lines.slice(0, last + 1).join("\n").length;
  return last === -1 ? code : code.slice(0, count).replace(/ \{$/, "");
}

const MEMBER = /^ {2}(?!#|readonly #|private\b|protected\b|declare\b|override\b|static\b|\[|\}|\)|\/|\*)(?=[\w"])/gm;

/** The public members of a class or an object, each with its docstring; of a method only the head. */
function membersOf({ code, masked, keyword }: Declaration): readonly string[] {
  return [...masked.matchAll(MEMBER)].map(({ index }) => {
    const text = code.slice(index, endOf(masked, index, ";},"));
    const head = keyword === "class" ? text.replace(/ \{\n[\s\S]*$/, ";") : text.replace(/,$/, "");
    const shown = keyword === "class" ? head : makerOf(head);
    const doc = /\n( {2}\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n$/.exec(code.slice(0, index))?.[1];
    return doc === undefined ? shown : `${doc}\n${shown}`;
  });
}

/** `text: (options) => make(…)` without what it does; the arrows of its parameters' types stay. */
function makerOf(member: string): string {
  const text = member.replace(/^( {2}\w+: )\((?=<)/, "$1");
  for (const { index } of text.matchAll(/ =>\s/g)) {
    const head = text.slice(0, index);
    if (head.split("(").length === head.split(")").length) return `${head};`;
  }
  return `${text};`;
}

/** A docstring as Markdown: its tags become lists, an example a block. */
function markdownOf(doc: string): string {
  const [text = "", ...tags] = doc.split(/^@(?=\w)/m);
  const parts = tags.map((tag) => {
    const [, name = "", rest = ""] = /^(\w+)\s*([\s\S]*)$/.exec(tag.trim()) ?? [];
    if (name === "example") return `\n\`\`\`text\n${rest}\n\`\`\``;
    const said = rest.replace(/\s*\n\s*/g, " ");
    if (name === "throws") return `- throws ${said.replace(/^\{([^}]*)\}/, "`$1`")}`;
    return `- ${said.replace(/^(\S+)\s+/, "`$1`: ")}`;
  });
  return [text.replace(/ @throws \{([^}]*)\}/, " Throws `$1`").trim(), parts.join("\n").trim()]
    .filter(Boolean)
    .join("\n\n");
}

function sectionOf({ name, kind, signature, doc, file }: Export): string {
  const link = `[${kind}](../${file})`;
  return `### ${name}\n\n${[link, markdownOf(doc)].filter(Boolean).join(" · ")}\n\n\`\`\`text\n${signature}\n\`\`\`\n`;
}

function entryOf({ name, about, exports, borrowed }: Entry): string {
  const contents = KINDS.flatMap((kind) => {
    const names = exports.filter((each) => each.kind === kind).map((each) => `\`${each.name}\``);
    return names.length > 0 ? [`- ${kind}: ${names.join(", ")}`] : [];
  });
  const others = borrowed.map(
    ({ names, from }) => `- from \`${from}\`: ${names.map((each) => `\`${each}\``).join(", ")}`,
  );
  const list = [...contents, ...others].join("\n");
  return `## ${name}\n\n${about}\n\n${list}\n\n${exports.map(sectionOf).join("\n")}`;
}

/** The whole page. */
export function referencePage(entries: readonly Entry[] = readEntries()): string {
  const head = "# Reference\n\nEvery name that an app can import. Made from the docstrings by `tools/reference.ts`: ";
  return `${head}change it there,\nthen \`npm run reference\`.\n\n${entries.map(entryOf).join("\n")}`;
}

if (import.meta.main) {
  writeFileSync(join(ROOT, PAGE), referencePage());
  console.log(`reference: ${PAGE}`);
}
