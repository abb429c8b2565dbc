/**
 * A strict reader of XML 1.0, for documents without a document type: anything that is not well-formed is an error.
 */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const DECLARATION = /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/;
const TOKEN = /<\/([\w:.-]+)\s*>|<([A-Za-z_][\w:.-]*)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/gy;
const ATTRIBUTE = /([\w:.-]+)="([^"]*)"/g;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** The root of a document. @throws {Error} when it is not well-formed. */
export function parseXml(text: string): Element {
  if (!DECLARATION.test(text)) throw new Error("It does not begin with an XML declaration.");
  if (FORBIDDEN.test(text) || !text.isWellFormed()) throw new Error("It holds a character that XML does not have.");
  const document: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [document];
  // Line ends are made one before anything else (section 2.11).
  const content = text.replace(DECLARATION, "").replace(/\r\n?/g, "\n");
  for (const token of content.matchAll(TOKEN)) take(token, open);
  if (open.length > 1) throw new Error(`<${open.at(-1)!.name}> is not closed.`);
  if (document.children.length !== 1 || document.text.trim() !== "") throw new Error("It has not one root.");
  return document.children[0]!;
}

function take([whole, closing, name, attributes = "", empty, characters]: RegExpExecArray, open: Element[]): void {
  const current = open.at(-1)!;
  if (characters !== undefined) {
    if (characters.includes("]]>")) throw new Error("Text holds ]]>.");
    current.text += unescaped(characters);
  } else if (closing !== undefined) {
    if (current.name !== closing) throw new Error(`</${closing}> closes <${current.name}>.`);
    open.pop();
  } else if (name !== undefined) {
    const element = { name, attributes: attributesOf(attributes), children: [], text: "" };
    current.children.push(element);
    if (empty === "") open.push(element);
  } else {
    throw new Error(`There is a stray ${whole}.`);
  }
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(ATTRIBUTE)) {
    if (name! in found) throw new Error(`The attribute ${name} stands twice.`);
    found[name!] = unescaped(value!);
  }
  return found;
}

function unescaped(text: string): string {
  return text.replace(/&(?:(\w+);|#(\d+);|)/g, (whole, name?: string, code?: string) => {
    const character = code ? String.fromCodePoint(Number(code)) : NAMED[name ?? ""];
    if (character === undefined) throw new Error(`${whole} is no reference.`);
    return character;
  });
}

/** The elements of a name directly below. */
export function childrenOf(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === name);
}

/** The text of the one element of a name directly below. */
export function textOf(element: Element, name: string): string {
  const [child, ...others] = childrenOf(element, name);
  if (!child || others.length > 0) throw new Error(`<${element.name}> has not one <${name}>.`);
  return child.text;
}
